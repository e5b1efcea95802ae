"""`make limits`: the item that it writes, and its summary. tests/e2e/changed_limits.rs shows that the functions read it."""

from __future__ import annotations

import argparse
import json
import unittest
from typing import Any

from .. import limits
from ..trouble import Trouble

NOW = 1_767_323_045.0


def options(**given: Any) -> argparse.Namespace:
    unset = {"do": "show", "orders": None, "requests": None, "admin_requests": None, "hours": 24, "stack": None}
    return argparse.Namespace(**{**unset, **given})


class Limits(unittest.TestCase):
    def test_an_item_has_the_limits_by_their_policies_and_its_end(self) -> None:
        written = limits.item({"orders": 5, "admin-requests": 100}, 2, NOW)
        self.assertEqual(written["pk"], {"S": "limits"})
        self.assertEqual(json.loads(written["document"]["S"]), {"per_hour": {"admin-requests": 100, "orders": 5}})
        self.assertEqual(written["expires_at"], {"N": str(int(NOW) + 7200)})

    def test_the_summary_says_until_when_or_that_nothing_is_changed(self) -> None:
        written = limits.item({"orders": 5}, 2, NOW)
        self.assertEqual(
            limits.summary(written, NOW),
            ["Until 2026-01-02T05:04:05Z each caller has, in any 60 minutes, at most:", "         5 orders"],
        )
        for found, now in ((None, NOW), (written, NOW + 7200)):
            self.assertEqual(limits.summary(found, now), ["The limits are those of the stack's parameters."])

    def test_a_change_names_a_limit_and_only_a_change_does(self) -> None:
        with self.assertRaisesRegex(Trouble, "Nothing is changed"):
            limits.run(options(do="change"))
        for do in ("show", "clear"):
            with self.assertRaisesRegex(Trouble, f"DO={do} changes no limit"):
                limits.run(options(do=do, orders=5))
