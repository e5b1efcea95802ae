"""`make demo`: one order from checkout to delivery, on one screen.

The demo acts as the outside parties do: the customer orders over HTTP, the warehouse dispatches over HTTP, and the carrier
reports the delivery by a signed webhook. Everything between is the pipeline's own work, and the demo only watches it.
"""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime, timezone
from typing import Any

from . import console, signing, summary, users
from .http_api import HttpApi
from .journey import Event, Journey
from .state import Stack
from .trouble import Trouble

# On an idle machine an order takes a few seconds, two of them in the payment provider.
BOUND_SECONDS = 90
CARRIER = "Alpine Parcel"
LINES = [{"sku": "TEA-01", "quantity": 2}, {"sku": "MUG-01", "quantity": 1}]


def run(stack: Stack) -> str:
    """Returns the order's id."""
    customer = HttpApi(stack.api, users.token(stack, users.CUSTOMER))
    shop = HttpApi(stack.api, users.token(stack, users.ADMIN))
    email = f"ada+{uuid.uuid4().hex[:8]}@customer.example"
    before = summary.stock(shop, LINES)
    began = datetime.now(timezone.utc)
    order = place(customer, LINES, {"email": email, "phone": "+41790000000"})
    journey = Journey(stack, order["order_id"])
    deadline = time.monotonic() + BOUND_SECONDS
    print(f"\n  order {order['order_id']}\n")
    print(f"  {'time':<15}{'since placed':>13}   {'service':<11}event")
    _watch(journey, "ShipmentRequested", deadline)
    tracking_code = _dispatch(shop, order["order_id"])
    _watch(journey, "Shipped", deadline)
    report_delivery(stack, tracking_code)
    _watch(journey, "Delivered", deadline)
    _watch_status(customer, order["order_id"], journey, deadline)
    summary.show(stack, customer, shop, order["order_id"], journey, email, before, began)
    return order["order_id"]


def place(customer: HttpApi, lines: list[dict[str, Any]], contact: dict[str, str]) -> Any:
    order = {
        "items": lines,
        "currency": "EUR",
        "payment_method": "pm_card_visa",
        "contact": contact,
        "shipping_address": {
            "name": "Ada Example",
            "line1": "Bahnhofstrasse 1",
            "city": "Zürich",
            "postal_code": "8001",
            "country": "CH",
        },
    }
    return customer.post("/orders", order, {"Idempotency-Key": uuid.uuid4().hex}).expect(202, what="POST /orders")


def _dispatch(shop: HttpApi, order_id: str) -> str:
    _act("the warehouse hands the parcel over: POST /shipments/…/dispatch")
    tracking_code = f"AP{uuid.uuid4().int % 10**10:010}"
    shop.post(f"/shipments/{order_id}/dispatch", {"carrier": CARRIER, "tracking_code": tracking_code}).expect(
        202, what="the dispatch"
    )
    return tracking_code


def report_delivery(stack: Stack, tracking_code: str) -> None:
    _act("the carrier reports the delivery: its signed webhook, POST /webhooks/easypost")
    body = json.dumps(delivery_report(tracking_code)).encode()
    signature = {"X-Hmac-Signature": signing.easypost(stack, body)}
    HttpApi(stack.api).post_bytes("/webhooks/easypost", body, signature).expect(200, what="the carrier's webhook")


def delivery_report(tracking_code: str) -> dict[str, Any]:
    """The event that EasyPost sends when this parcel of our carrier has been delivered."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    detail = {
        "object": "TrackingDetail",
        "message": "Delivered",
        "status": "delivered",
        "datetime": now,
        "source": CARRIER,
    }
    tracker = {
        "id": f"trk_{uuid.uuid4().hex}",
        "object": "Tracker",
        "mode": "test",
        "tracking_code": tracking_code,
        "carrier": CARRIER,
        "status": "delivered",
        "status_detail": "arrived_at_destination",
        "created_at": now,
        "updated_at": now,
        "tracking_details": [detail],
    }
    return {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "Event",
        "mode": "test",
        "description": "tracker.updated",
        "previous_attributes": {"status": "in_transit"},
        "pending_urls": [],
        "completed_urls": [],
        "created_at": now,
        "updated_at": now,
        "result": tracker,
    }


def _watch(journey: Journey, wanted: str, deadline: float) -> None:
    while True:
        for event in journey.look():
            _show(event, journey.events[0])
        if journey.find(wanted):
            return
        if time.monotonic() > deadline:
            raise Trouble(
                f"`{wanted}` did not happen within {BOUND_SECONDS} s: see the functions' logs in .local/emulator.log."
            )
        time.sleep(0.1)


def _watch_status(customer: HttpApi, order_id: str, journey: Journey, deadline: float) -> None:
    """Waits until the orders service shows the delivery to the customer."""
    while customer.get(f"/orders/{order_id}").expect(200, what="GET /orders/…")["status"] != "delivered":
        for event in journey.look():
            _show(event, journey.events[0])
        if time.monotonic() > deadline:
            raise Trouble(
                f"The order's status was not `delivered` within {BOUND_SECONDS} s: see track-order in .local/emulator.log."
            )
        time.sleep(0.1)
    for event in journey.look():
        _show(event, journey.events[0])


def _show(event: Event, first: Event) -> None:
    since = f"{(event.time - first.time).total_seconds():.3f} s"
    print(f"  {event.time:%H:%M:%S.%f}  {since:>12}   {event.service:<11}{event.type}{_detail(event)}", flush=True)


def _detail(event: Event) -> str:
    """The most useful fields of an event, on one line."""
    shown = [str(event.data[name]) for name in ("status", "because", "cause", "amount", "tracking_code") if name in event.data]
    return f" ({', '.join(shown)})" if shown else ""


def _act(what: str) -> None:
    console.say(f"  {'':<28}   → {what}")
