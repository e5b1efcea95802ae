"""What a deploy adds to a subscription is replayed once its filter holds, by a command that exists."""

from __future__ import annotations

import shlex
import unittest
from datetime import UTC, datetime
from typing import Any

from .. import arguments, documents
from ..account import subscriptions

BEGAN = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)


def template(*types: str, queue: str = "ShipOrderQueue") -> dict[str, Any]:
    properties = {
        "TopicArn": {"Ref": "OrdersTopic"},
        "Protocol": "sqs",
        "Endpoint": {"Fn::GetAtt": [queue, "Arn"]},
        "FilterPolicy": {"type": list(types)},
    }
    return {"Resources": {"Subscription": {"Type": "AWS::SNS::Subscription", "Properties": properties}}}


class Subscriptions(unittest.TestCase):
    def gained(self, before: dict[str, Any], after: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
        return subscriptions.gained(subscriptions.filters(before), subscriptions.filters(after))

    def test_a_type_that_passes_from_now_on_is_found_and_one_that_no_longer_does_is_not(self) -> None:
        before, after = template("OrderPlaced", "OrderExpired"), template("OrderPlaced", "OrderUpdated")
        self.assertEqual(self.gained(before, after), {("orders", "ship-order"): ["OrderUpdated"]})
        self.assertEqual(self.gained(after, after), {})

    def test_a_new_consumer_missed_nothing(self) -> None:
        self.assertEqual(self.gained(template("OrderPlaced"), template("OrderPlaced", queue="TakePaymentQueue")), {})

    def test_the_filters_of_the_template_are_read_as_those_of_a_deployed_stack(self) -> None:
        found = subscriptions.filters(documents.read_template())
        self.assertIn("OrderPlaced", found["OrdersTopic", "ShipOrderQueue"])
        self.assertGreater(len(found), 8)

    def test_the_replay_that_is_printed_is_a_command_that_exists_and_covers_the_time(self) -> None:
        new = self.gained(template("OrderPlaced"), template("OrderPlaced", "OrderUpdated"))
        said, command = subscriptions.remedies(new, "conveyor", BEGAN)
        self.assertIn("After 2026-03-01T12:20:00Z", said)
        words = shlex.split(command, comments=True)
        self.assertEqual(words[:2], ["make", "replay"])
        given = dict(word.split("=", 1) for word in words[2:])
        options = {option.variable: option for c in arguments.COMMANDS if c.name == "replay" for option in c.options}
        for name, value in given.items():
            options[name].type(value)
        self.assertEqual((given["SINCE"], given["UNTIL"]), ("2026-03-01T12:00:00Z", "2026-03-01T12:20:00Z"))
        self.assertEqual((given["SERVICE"], given["TO"], given["DO"]), ("orders", "ship-order", "send"))
        self.assertEqual(subscriptions.remedies({}, "conveyor", BEGAN), [])
