"""The last screen of `make demo`: the final state of order, money, stock and messages, each read from the service
or server that holds it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any

from . import aws, mailbox, stripe
from .http_api import HttpApi
from .journey import Journey
from .settings import STACK_NAME
from .state import Stack

Stock = dict[str, dict[str, int]]


def stock(shop: HttpApi, lines: list[dict[str, Any]]) -> Stock:
    return {line["sku"]: shop.get(f"/stock/{line['sku']}").expect(200, what="GET /stock/…") for line in lines}


def show(
    stack: Stack,
    customer: HttpApi,
    shop: HttpApi,
    order_id: str,
    journey: Journey,
    email: str,
    before: Stock,
    began: datetime,
) -> None:
    order = customer.get(f"/orders/{order_id}").expect(200, what="GET /orders/…")
    print(f"\n  order        {order['status']}, attention: {order.get('attention') or 'none'}")
    print(f"  money        {_money(stack, journey)}")
    for sku, was in before.items():
        now = shop.get(f"/stock/{sku}").expect(200, what="GET /stock/…")
        print(
            f"  stock        {sku}: on hand {was['on_hand']} → {now['on_hand']},"
            f" available {was['available']} → {now['available']}"
        )
    for subject in _emails(stack, email):
        print(f"  email        {subject}")
    counted = Counter(event.service for event in journey.events)
    print(f"  events       {len(journey.events)}: {', '.join(f'{service} {count}' for service, count in counted.items())}")
    took_part = _functions(stack, began)
    print(f"  functions    {len(took_part)}: {', '.join(took_part)}")


def _money(stack: Stack, journey: Journey) -> str:
    requested = journey.find("PaymentRequested")
    if requested is None:
        return "never requested"
    intent = stripe.get(stack, f"/v1/payment_intents/{requested.data['intent_id']}")
    charge = intent["latest_charge"] or {"amount_captured": 0, "amount_refunded": 0}
    captured, refunded = charge["amount_captured"] / 100, charge["amount_refunded"] / 100
    return f"{captured:.2f} {intent['currency'].upper()} captured, {refunded:.2f} refunded ({intent['status']})"


def _emails(stack: Stack, to: str) -> list[str]:
    return [message["Subject"] for message in mailbox.messages(stack) if to in message["To"]]


def _functions(stack: Stack, began: datetime) -> list[str]:
    """The functions that have logged since, by the field `function` of their lines."""
    logs, since = aws.client("logs", stack), int(began.timestamp() * 1000)
    groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{STACK_NAME}-")
    found = set()
    for group in (group for page in groups for group in page["logGroups"]):
        lines = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"], startTime=since)
        for event in (event for page in lines for event in page["events"]):
            if event["message"].startswith("{"):
                found.add(json.loads(event["message"])["function"])
    return sorted(found)
