"""`make replay`: what it asks of the function, and how it adds up several runs. The function itself is tested in Rust."""

from __future__ import annotations

import unittest
from collections import Counter
from typing import Any

from local import arguments, replay
from local.trouble import Trouble

BASE = ["replay", "--service", "orders", "--to", "take-payment"]


def asked(*options: str) -> dict[str, Any]:
    return replay.request(arguments.parse([*BASE, *options]))


class Replaying(unittest.TestCase):
    def test_orders_and_time_exclude_each_other_and_one_is_needed(self) -> None:
        self.assertEqual(asked("--orders", "a, b\nc")["subjects"], ["a", "b", "c"])
        self.assertEqual(asked("--orders", "a")["do"], "plan")
        both = ("--orders", "a", "--since", "2026-11-24T00:00:00Z")
        for options in ((), both):
            with self.subTest(options), self.assertRaises(Trouble):
                asked(*options)

    def test_one_type_of_events_can_be_selected(self) -> None:
        self.assertNotIn("type", asked("--orders", "a"))
        self.assertEqual(asked("--orders", "a", "--type", "OrderPlaced")["type"], "OrderPlaced")

    def test_a_cursor_of_a_time_needs_the_end_of_its_run(self) -> None:
        since = ("--since", "2026-11-24T00:00:00Z")
        self.assertIn("until", asked(*since))
        with self.assertRaises(Trouble):
            asked(*since, "--cursor", "abc")
        self.assertEqual(asked(*since, "--until", "2026-11-25T00:00:00Z", "--cursor", "abc")["cursor"], "abc")

    def test_the_runs_are_added_up(self) -> None:
        total: dict[str, Any] = {"read_units": 0, **dict.fromkeys(replay.COUNTS, 0)}
        total |= {name: Counter() for name in replay.TYPES}
        run = {
            "service": "orders",
            "to": "take-payment",
            "do": "send",
            "consumer": "Goes on.",
            "events": 2,
            "too_old": 1,
            "unreadable": 1,
            "items_read": 5,
            "read_units": 3,
            "by_type": {"OrderPlaced": 2},
            "not_subscribed": {"OrderUpdated": 2},
            "oldest": "2026-11-24T00:00:00.5Z",
            "newest": "2026-11-24T00:00:01Z",
        }
        later = {**run, "oldest": "2026-11-24T00:00:00Z", "newest": None, "read_units": None}
        for report in (run, later):
            replay.add(total, report)
        text = "\n".join(replay.summary(total, later))
        for part in (
            "4 events of orders were sent to take-payment.",
            "4 OrderPlaced",
            "The oldest is of 2026-11-24T00:00:00Z, the newest of 2026-11-24T00:00:01Z.",
            "does not pass: 4 OrderUpdated",
            "2 are too old",
            "2 events of the table cannot be read",
            "10 items were read, 3 read units.",
        ):
            self.assertIn(part, text)
