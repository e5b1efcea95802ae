"""`make rebuild-views`: how it adds up several runs. The function itself is tested in Rust."""

from __future__ import annotations

import unittest
from typing import Any

from local import rebuild


class Rebuilding(unittest.TestCase):
    def test_the_runs_are_added_up(self) -> None:
        total: dict[str, Any] = {"named": [], **dict.fromkeys(rebuild.COUNTS, 0)}
        report = {**dict.fromkeys(rebuild.COUNTS, 1), "named": ["a"], "same": 2}
        for _ in range(2):
            total = rebuild.added(total, report)
        text = "\n".join(rebuild.summary(total, "build"))
        for part in (
            "2 orders.",
            "4 views were right; 2 missing, 2 behind, 2 different, 2 not_findable, 2 unreadable.",
            "2 views and 2 look-up items were written.",
            "a, a",
        ):
            self.assertIn(part, text)
        self.assertNotIn("were right", "\n".join(rebuild.summary(total, "plan")))
