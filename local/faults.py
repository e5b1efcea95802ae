"""What `make chaos` does to the stack: functions are killed, the payment provider is stopped, everything is deployed anew, and
duplicates, messages that cannot be read and malformed webhooks arrive all the time.

Each fault is one that AWS, a provider or an untrusted sender causes too. Only processes of the stack are touched.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
import uuid
from typing import Any

from . import aws, console, deploy, emulators, gaps, ports, signing, stripe
from .journey import SERVICES
from .load.parties import Order, Parties
from .settings import TEMPLATE
from .state import Stack
from .trouble import Trouble

# No consumer can read them: the runner dead-letters each at once.
POISON = ("{", "not JSON", "[]", '{"specversion": "1.0"}', '{"type": "OrderPlaced", "data": null}', '"\\ud800"')


class Faults:
    """`dice` decides which order, queue and kind a small fault takes."""

    def __init__(self, parties: Parties, dice: random.Random) -> None:
        self._parties, self._stack, self._dice = parties, parties.stack, dice
        self._dynamodb, self._sns, self._sqs = (aws.client(name, self._stack) for name in ("dynamodb", "sns", "sqs"))
        # From when until when functions were stopped: seconds since 1970.
        self.stops: list[tuple[float, float]] = []
        self.killed = self.duplicates = self.poison = self.malformed = 0
        # Answers to malformed webhooks that are none of a refusal.
        self.taken: list[str] = []

    def kill_functions(self) -> None:
        """Kills every process that runs a function, in the middle of whatever it does."""
        began = time.time()
        for pid in _functions(self._stack):
            try:
                os.kill(pid, signal.SIGKILL)
                self.killed += 1
            except ProcessLookupError:
                continue
        self.stops.append((began, time.time()))

    def stop_provider(self) -> None:
        self._stack.processes["stripe"].stop()

    def start_provider(self) -> None:
        """It knows what it knew. The webhooks that it had not sent yet are lost."""
        if self._stack.processes["stripe"].is_alive():
            return
        emulators.start_stripe(self._stack)
        console.until(
            "waiting for the payment provider",
            seconds=60,
            look=lambda: ports.answers(f"{self._stack.stripe}/"),
            otherwise="The payment provider did not start again: see .local/stripe.log.",
            every=0.1,
        )
        stripe.register_webhook(self._stack)

    def deploy_again(self) -> None:
        """The same code under another id: each function's configuration changes, and its processes start anew."""
        began = time.time()
        deploy.over(self._stack, TEMPLATE, uuid.uuid4().hex)
        gaps.fill(self._stack)
        self.stops.append((began, time.time()))

    def duplicate(self, orders: list[Order]) -> None:
        """Publishes one event of some order once more, or lets a carrier or the provider repeat a webhook."""
        known = [order for order in orders if order.id]
        if not known:
            return
        order = self._dice.choice(known)
        event = self._event(order)
        if event is not None:
            self._publish(event)
            self.duplicates += 1
        if order.is_reported and self._dice.random() < 0.5:
            self._parties.report_delivery(order)
            self.duplicates += 1

    def poison_a_queue(self) -> None:
        """Only of those with dead letters: a queue of hints drops the message, and nothing shows that it was read."""
        resources = self._stack.resources
        queues = [
            url
            for name, url in resources.items()
            if name.endswith("Queue") and url.startswith("http") and f"{name.removesuffix('Queue')}DeadLetters" in resources
        ]
        self._sqs.send_message(QueueUrl=self._dice.choice(sorted(queues)), MessageBody=self._dice.choice(POISON))
        self.poison += 1

    def malformed_webhook(self) -> None:
        """One that is unsigned, wrongly signed, or signed and unreadable. Each has to be refused."""
        path, body, headers = self._dice.choice(_malformed(self._stack))
        answer = self._parties.webhook(path, body, headers)
        self.malformed += 1
        if not 400 <= answer.status < 500:
            self.taken.append(f"{path} answered {answer.status} to a malformed webhook")

    def _event(self, order: Order) -> dict[str, Any] | None:
        """A random event of the order, as its table stores it."""
        service = self._dice.choice(SERVICES)
        found = self._dynamodb.query(
            TableName=self._stack.resources[f"{service.capitalize()}Table"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
            ExpressionAttributeValues={":pk": {"S": f"order#{order.id}"}, ":event": {"S": "event#"}},
        )["Items"]
        return json.loads(self._dice.choice(found)["event"]["S"]) if found else None

    def _publish(self, event: dict[str, Any]) -> None:
        service = event["source"].removeprefix("conveyor/")
        attributes = {"type": event["type"]}
        if "status" in event["data"]:
            attributes["status"] = event["data"]["status"]
        self._sns.publish(
            TopicArn=self._stack.resources[f"{service.capitalize()}Topic"],
            Message=json.dumps(event),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if isinstance(value, str)
            },
        )


def _malformed(stack: Stack) -> list[tuple[str, bytes, dict[str, str]]]:
    stripe_event = json.dumps({"id": f"evt_{uuid.uuid4().hex}", "type": "payment_intent.succeeded"}).encode()
    tracker = json.dumps({"id": f"evt_{uuid.uuid4().hex}", "description": "tracker.updated"}).encode()
    return [
        ("/webhooks/stripe", stripe_event, {}),
        ("/webhooks/stripe", stripe_event, {"Stripe-Signature": f"t={int(time.time())},v1={'0' * 64}"}),
        ("/webhooks/stripe", stripe_event + b" ", {"Stripe-Signature": signing.stripe(stack, stripe_event)}),
        ("/webhooks/stripe", b"{", {"Stripe-Signature": signing.stripe(stack, b"{")}),
        ("/webhooks/stripe", b"\xff\xfe", {"Stripe-Signature": signing.stripe(stack, b"\xff\xfe")}),
        ("/webhooks/easypost", tracker, {"X-Hmac-Signature": "hmac-sha256-hex=00"}),
        ("/webhooks/easypost", b"[]", {"X-Hmac-Signature": signing.easypost(stack, b"[]")}),
        ("/webhooks/standard/unknown", tracker, signing.standard(stack, deploy.sender_names()[0], tracker)),
    ]


def _functions(stack: Stack) -> list[int]:
    """The processes that run functions: descendants of the emulator that are a `bootstrap`."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, text=True)
    if listed.returncode != 0:
        raise Trouble(f"`ps` failed, so no function can be killed: {listed.stderr.strip()}")
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    parents = {int(row[0]): int(row[1]) for row in rows if len(row) == 3}
    emulator = stack.processes["emulator"].pid

    def descends(pid: int) -> bool:
        while pid in parents and pid != emulator:
            pid = parents[pid]
        return pid == emulator

    return [int(row[0]) for row in rows if len(row) == 3 and row[2].rsplit("/", 1)[-1] == "bootstrap" and descends(int(row[0]))]
