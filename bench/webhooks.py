"""`make bench-webhooks`: many concurrent Stripe webhooks, duplicate and reordered. Checks that none is lost or applied twice.

Real orders are placed and paid on the running stack. Then many senders post events that each change something (a dispute over
one minor unit), signed by Stripe's own library, some of them repeatedly, in random order. The result is counted in the event
streams of payments. Two times are measured: the whole request, as the sender sees it through the emulator's gateway, and our
own part of it, from the function's log (`took_us`: from the parsed invocation to the answer, the table's write included).
"""

from __future__ import annotations

import http.client
import json
import random
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import stripe as official
from local import aws, console, users
from local.http_api import HttpApi
from local.settings import STACK_NAME
from local.state import Stack
from local.trouble import Trouble

ORDERS = 50
SENDERS = 32
REPEATED = 0.3
# Until all are applied: the emulator's stream delivers one batch at a time.
PATIENCE_SECONDS = 900.0
LINES = [{"sku": "TEA-01", "quantity": 2}]


def run(stack: Stack, count: int) -> int:
    """Runs with `count` webhooks, 30 % of them duplicates, and returns the exit code."""
    intents = _paid_orders(stack)
    unique = count - int(count * REPEATED)
    dice = random.Random(4)
    events = [_dispute(intents[number % len(intents)]) for number in range(unique)]
    arrivals = [*events, *dice.choices(events, k=count - unique)]
    dice.shuffle(arrivals)
    since = int(time.time() * 1000)
    began = time.monotonic()
    with console.waiting(f"{count} webhooks, {SENDERS} senders at a time"):
        answers = _send_all(stack, arrivals)
    took, ended = time.monotonic() - began, int(time.time() * 1000)
    statuses = Counter(status for status, _ in answers)
    with console.waiting("until each is applied"):
        applied = _applied(stack, {event["data"]["object"]["id"] for event in events}, intents.values())
    lost, twice = unique - len(applied), sum(1 for times in applied.values() if times > 1)
    own = _own_times(stack, since, ended)
    print(f"{count} webhooks, {unique} distinct, {SENDERS} senders, {took:.0f} s: answers {dict(statuses)}")
    print(f"applied once: {unique - lost - twice}; lost: {lost}; applied twice: {twice}")
    print(f"our own time, ms ({len(own)} requests): {_spread([micros / 1000 for micros in own])}")
    print(f"as the sender sees it, ms:   {_spread([seconds * 1000 for _, seconds in answers])}")
    return 0 if (lost, twice, set(statuses)) == (0, 0, {200}) else 1


def _paid_orders(stack: Stack) -> dict[int, str]:
    """`<order id> <intent id>` of each paid order, by number."""
    customer = HttpApi(stack.api, users.token(stack, users.CUSTOMER))
    order = {
        "items": LINES,
        "currency": "EUR",
        "payment_method": "pm_card_visa",
        "contact": {"email": "bench@customer.example"},
        "shipping_address": {"name": "A", "line1": "S 1", "city": "Bern", "postal_code": "3000", "country": "CH"},
    }
    with console.waiting(f"{ORDERS} orders are placed and paid"):
        ids = [
            customer.post("/orders", order, {"Idempotency-Key": uuid.uuid4().hex}).expect(202, what="POST /orders")["order_id"]
            for _ in range(ORDERS)
        ]
        return {number: _paid_intent(stack, order_id) for number, order_id in enumerate(ids)}


def _paid_intent(stack: Stack, order_id: str) -> str:
    def look() -> str | None:
        paid = [event["data"] for event in _events(stack, order_id) if event["type"] == "OrderPaid"]
        return f"{order_id} {paid[0]['intent_id']}" if paid else None

    otherwise = f"The order {order_id} was not paid: the functions' logs are in .local/emulator.log."
    deadline = time.monotonic() + 120
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise Trouble(otherwise)
        time.sleep(0.2)
    return found


def _events(stack: Stack, order_id: str) -> list[dict[str, Any]]:
    pages = (
        aws.client("dynamodb", stack)
        .get_paginator("query")
        .paginate(
            TableName=stack.resources["PaymentsTable"],
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
            ExpressionAttributeValues={":pk": {"S": f"order#{order_id}"}, ":event": {"S": "event#"}},
        )
    )
    return [json.loads(item["event"]["S"]) for page in pages for item in page["Items"]]


def _dispute(order_and_intent: str) -> dict[str, Any]:
    dispute = {
        "id": f"dp_{uuid.uuid4().hex}",
        "object": "dispute",
        "amount": 1,
        "currency": "eur",
        "status": "needs_response",
        "payment_intent": order_and_intent.split()[1],
    }
    return {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "type": "charge.dispute.created",
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": dispute},
    }


def _send_all(stack: Stack, arrivals: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    shares = [arrivals[sender::SENDERS] for sender in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as senders:
        return [answer for answers in senders.map(lambda share: _send(stack, share), shares) for answer in answers]


def _send(stack: Stack, arrivals: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """Sends each webhook up to five times until it is answered 200; the last answer counts."""
    where = urllib.parse.urlsplit(stack.api)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    answers = []
    for event in arrivals:
        body = json.dumps(event)
        began = time.monotonic()
        for _ in range(5):
            signature = official.WebhookSignature.generate_signature_header(body, stack.secrets["stripe_webhook"])
            headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
            try:
                connection.request("POST", f"{where.path}/webhooks/stripe", body, headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = 0
            if status == 200:
                break
        answers.append((status, time.monotonic() - began))
    connection.close()
    return answers


def _applied(stack: Stack, wanted: set[str], orders: Any) -> Counter[str]:
    """How often each dispute occurs in the streams, once all do or no new one appeared for a minute."""
    deadline, quiet_since, before = time.monotonic() + PATIENCE_SECONDS, time.monotonic(), 0
    while True:
        found: Counter[str] = Counter()
        for order in orders:
            opened = (event["data"] for event in _events(stack, order.split()[0]) if event["type"] == "PaymentDisputed")
            found.update(data["dispute_id"] for data in opened if data["dispute_id"] in wanted)
        if len(found) != before:
            before, quiet_since = len(found), time.monotonic()
        if len(found) == len(wanted) or time.monotonic() > min(deadline, quiet_since + 60):
            return found
        time.sleep(2)


def _own_times(stack: Stack, since: int, ended: int) -> list[int]:
    """Microseconds of each answered request, from the function's log. Read second by second: the emulator returns at most ten
    thousand lines, and no next page."""
    logs, group = aws.client("logs", stack), f"/aws/lambda/{STACK_NAME}-payments"
    found: list[int] = []
    for start in range(since, ended, 1000):
        answer = logs.filter_log_events(logGroupName=group, startTime=start, endTime=start + 999)
        lines = (json.loads(event["message"]) for event in answer["events"] if '"took_us"' in event["message"])
        found += [line["took_us"] for line in lines if line["function"] == "stripe-webhook"]
    return found


def _spread(values: list[float]) -> str:
    ordered = sorted(values)
    if not ordered:
        return "none measured"
    parts = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * part))] for name, part in parts.items()}
    return ", ".join(f"{name} {value:.1f}" for name, value in at.items()) + f", most {ordered[-1]:.1f}"
