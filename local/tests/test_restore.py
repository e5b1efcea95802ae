"""`make restore` brings back what a table lost, leaves alone what it has, and publishes nothing a second time."""

from __future__ import annotations

import json
import os
import time
import unittest
import urllib.request
import uuid
from typing import Any

import boto3

from .. import restore
from ..restore import Found

ORDER = {
    "items": [{"sku": "TEA-01", "quantity": 1}],
    "currency": "EUR",
    "payment_method": "pm_card_visa",
    "contact": {"email": "restored@customer.example"},
    "shipping_address": {"name": "A", "line1": "S 1", "city": "Bern", "postal_code": "3000", "country": "CH"},
}
EVENTS = "order# event#"
SECONDS = 60.0
# In which a copied event would be published, if it were.
SECONDS_TO_PUBLISH = 5.0


class Plan(unittest.TestCase):
    def test_items_are_counted_by_what_their_keys_begin_with(self) -> None:
        event = {"pk": {"S": "order#0123"}, "sk": {"S": "event#000001"}}
        price = {"pk": {"S": "sku#TEA-01"}, "sk": {"S": "price"}}
        self.assertEqual([restore.kind(item) for item in (event, price)], [EVENTS, "sku# price"])

    def test_the_summary_says_what_is_missing_and_what_was_copied(self) -> None:
        found = Found(present=7, expired=1)
        found.missing.update({EVENTS: 3, "sku# price": 1})
        found.copied.update({EVENTS: 2})
        self.assertEqual(
            [line.strip() for line in restore.summary(found)],
            [
                "The table has 7 items of the backup; 1 have expired.",
                "It lacks:",
                "3 order# event#, 2 of them copied back",
                "1 sku# price",
            ],
        )
        self.assertEqual(restore.summary(Found(present=7))[-1], "It lacks none.")


@unittest.skipUnless("CONVEYOR_API_URL" in os.environ, "the local stack is not up: `make test` runs this")
class Drill(unittest.TestCase):
    def setUp(self) -> None:
        self.dynamodb = self.client("dynamodb")
        self.live = os.environ["CONVEYOR_ORDERS_TABLE"]
        self.name = f"restored-{uuid.uuid4().hex[:8]}"

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=os.environ["AWS_REGION"])

    def test_a_lost_order_is_copied_back_from_a_backup_and_not_published_again(self) -> None:
        order = self.request("POST", "/orders", ORDER)["order_id"]
        history = self.settled(order)
        backup = self.dynamodb.create_backup(TableName=self.live, BackupName=self.name)["BackupDetails"]["BackupArn"]
        self.addCleanup(self.dynamodb.delete_backup, BackupArn=backup)
        first, *lost = history
        for item in lost:
            self.dynamodb.delete_item(TableName=self.live, Key={"pk": item["pk"], "sk": item["sk"]})
        self.dynamodb.restore_table_from_backup(TargetTableName=self.name, BackupArn=backup)
        self.addCleanup(self.dynamodb.delete_table, TableName=self.name)
        self.until(lambda: self.dynamodb.describe_table(TableName=self.name)["Table"]["TableStatus"] == "ACTIVE")
        listening = self.listen()

        planned = restore.compare(self.dynamodb, self.live, self.name, set())
        self.assertEqual((planned.missing[EVENTS], planned.copied[EVENTS]), (len(lost), 0))
        self.assertEqual(self.events(order), [first])

        copied = restore.compare(self.dynamodb, self.live, self.name, {EVENTS})
        self.assertEqual(copied.copied[EVENTS], len(lost))
        again = self.events(order)
        self.assertEqual([item.pop("restored_at", None) is not None for item in again], [False] + [True] * len(lost))
        self.assertEqual(again, history)
        self.assertEqual(self.request("GET", f"/orders/{order}")["status"], "allocated")
        self.assertFalse(restore.compare(self.dynamodb, self.live, self.name, {EVENTS}).missing[EVENTS])
        time.sleep(SECONDS_TO_PUBLISH)
        self.assertEqual([event["id"] for event in self.received(listening) if event["subject"] == order], [])

    def settled(self, order: str) -> list[dict[str, Any]]:
        """The order's events once nothing more will be written until a dispatch."""
        self.until(lambda: self.request("GET", f"/orders/{order}")["status"] == "allocated")
        self.until(lambda: self.request("GET", f"/orders/{order}")["shipment"] is not None)
        before = self.events(order)
        time.sleep(2)
        return self.events(order) if self.events(order) == before else self.settled(order)

    def events(self, order: str) -> list[dict[str, Any]]:
        return self.dynamodb.query(
            TableName=self.live,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
            ExpressionAttributeValues={":pk": {"S": f"order#{order}"}, ":event": {"S": "event#"}},
        )["Items"]

    def listen(self) -> str:
        """A queue that gets what the orders service publishes from now on."""
        queue = self.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        self.addCleanup(self.client("sqs").delete_queue, QueueUrl=queue)
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        subscription = self.client("sns").subscribe(
            TopicArn=os.environ["CONVEYOR_ORDERS_TOPIC_ARN"],
            Protocol="sqs",
            Endpoint=attributes["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self.addCleanup(self.client("sns").unsubscribe, SubscriptionArn=subscription)
        return queue

    def received(self, queue: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while messages := self.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
        return found

    def until(self, look: Any) -> None:
        deadline = time.monotonic() + SECONDS
        while not look():
            self.assertLess(time.monotonic(), deadline, "it took too long")
            time.sleep(0.3)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "Authorization": f"Bearer {os.environ['CONVEYOR_TOKEN']}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(os.environ["CONVEYOR_API_URL"] + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
