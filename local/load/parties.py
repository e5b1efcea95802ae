"""The outside parties of one shop on the local stack: customers, the warehouse, the carrier.

Each does what a careful caller does: it repeats a request, unchanged and with the same key, until the answer is neither missing
nor a 5xx. So whatever fails inside, the parties themselves lose nothing.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import aws, console, demo, signing, users
from ..http_api import Answer, HttpApi
from ..state import Stack
from ..trouble import Trouble

# A token is valid for an hour.
RENEWED_SECONDS = 1200.0
PAUSE_SECONDS = 0.5
PLENTY = 1_000_000
PRICE = 950


@dataclass
class Order:
    """An order that a customer wants. `id` is empty until the shop has accepted it. Times are seconds since 1970."""

    kind: str
    key: str
    wanted_at: float
    id: str = ""
    accepted_at: float = 0.0
    total: int = 0
    tracking_code: str = ""
    is_reported: bool = False


class Repeated:
    """Requests of one caller, repeated until they are answered. `failed` counts the answers that were missing or 5xx."""

    def __init__(self, base: str, token: Callable[[], str] | None = None) -> None:
        self._base, self._token = base, token
        self._signed_in, self._held = -RENEWED_SECONDS, ""
        self._lock = threading.Lock()
        self.failed = 0

    def send(self, what: str, call: Callable[[HttpApi], Answer], give_up_at: float) -> Answer:
        while True:
            try:
                answer = call(self._api())
                if answer.status < 500:
                    return answer
                why = str(answer.status)
            except (Trouble, OSError) as trouble:
                why = str(trouble)
            self.failed += 1
            if time.time() > give_up_at:
                raise Trouble(f"{what} was not answered in time: {why}")
            time.sleep(PAUSE_SECONDS)

    def _api(self) -> HttpApi:
        if self._token is None:
            return HttpApi(self._base)
        with self._lock:
            if time.monotonic() - self._signed_in > RENEWED_SECONDS:
                self._held, self._signed_in = self._token(), time.monotonic()
            return HttpApi(self._base, self._held)


class Parties:
    """Customers, the warehouse and the carrier of one shop, with goods that no other run sells."""

    def __init__(self, stack: Stack, scarce_pieces: int) -> None:
        run = uuid.uuid4().hex[:8].upper()
        self.stack = stack
        self.customer = Repeated(stack.api, lambda: users.token(stack, users.CUSTOMER))
        self.shop = Repeated(stack.api, lambda: users.token(stack, users.ADMIN))
        self.anonymous = Repeated(stack.api)
        self.stock = {f"LOAD-TEA-{run}": PLENTY, f"LOAD-RARE-{run}": scarce_pieces}
        self.tea, self.rare = self.stock
        # Mail is recognised by it.
        self.mailbox = f"load+{run.lower()}"
        self.give_up_at = float("inf")
        for sku, pieces in self.stock.items():
            self._offer(sku, pieces)

    def place(self, order: Order) -> None:
        """Repeats the checkout under its key until it is accepted."""
        lines = [{"sku": self.tea, "quantity": 2}]
        if order.kind == "scarce":
            lines.append({"sku": self.rare, "quantity": 1})
        body = {
            "items": lines,
            "currency": "EUR",
            "payment_method": "pm_card_chargeCustomerFail" if order.kind == "declined" else "pm_card_visa",
            "contact": {"email": f"{self.mailbox}.{order.key}@customer.example"},
            "shipping_address": {"name": "A", "line1": "S 1", "city": "Bern", "postal_code": "3000", "country": "CH"},
        }
        answer = self._send(
            self.customer, "POST /orders", lambda api: api.post("/orders", body, {"Idempotency-Key": order.key})
        )
        placed = answer.expect(202, what="POST /orders")
        order.total, order.accepted_at, order.id = placed["total"], time.time(), placed["order_id"]

    def cancel(self, order: Order) -> None:
        """Asks for a cancellation. That it comes too late is an answer too."""
        path = f"/orders/{order.id}/cancel"
        self._send(self.customer, "a cancellation", lambda api: api.post(path, {"reason": "changed my mind"})).expect(
            202, 409, what="a cancellation"
        )

    def to_pack(self) -> set[str]:
        """The ids of the orders on the packing list."""
        return self._listed("the packing list", "/shipments?open=true")

    def dispatch(self, order: Order) -> None:
        """Hands the parcel over, unless a cancellation won; then the carrier reports its delivery."""
        order.tracking_code = order.tracking_code or f"AP{uuid.uuid4().int % 10**12:012}"
        body = {"carrier": demo.CARRIER, "tracking_code": order.tracking_code}
        path = f"/shipments/{order.id}/dispatch"
        answer = self._send(self.shop, "a dispatch", lambda api: api.post(path, body))
        answer.expect(200, 202, 409, what="a dispatch")
        if answer.status != 409:
            self.report_delivery(order)
        order.is_reported = True

    def report_delivery(self, order: Order) -> None:
        body = json.dumps(demo.delivery_report(order.tracking_code)).encode()
        self.webhook("/webhooks/easypost", body, {"X-Hmac-Signature": signing.easypost(self.stack, body)}).expect(
            200, what="the carrier's webhook"
        )

    def webhook(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        return self._send(self.anonymous, path, lambda api: api.post_bytes(path, body, headers))

    def open_orders(self) -> set[str]:
        """The ids of the orders that are under way or need a person."""
        return self._listed("the open orders", "/orders?open=true")

    def page(self, order: Order) -> dict[str, Any]:
        return self._read("the order's page", f"/orders/{order.id}")

    def counted(self, sku: str) -> dict[str, int]:
        return self._read("the stock", f"/stock/{sku}")

    @property
    def failed_requests(self) -> int:
        return self.customer.failed + self.shop.failed + self.anonymous.failed

    def _listed(self, what: str, path: str) -> set[str]:
        """The ids of the orders on every page of a list."""
        found: set[str] = set()
        cursor = ""
        while True:
            page = self._read(what, f"{path}&limit=100{cursor}")
            found |= {item["order_id"] for item in page["items"]}
            if not page["next"]:
                return found
            cursor = f"&cursor={page['next']}"

    def _read(self, what: str, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self._send(self.shop, what, lambda api: api.get(path)).expect(200, what=what)
        return found

    def _send(self, caller: Repeated, what: str, call: Callable[[HttpApi], Answer]) -> Answer:
        return caller.send(what, call, self.give_up_at)

    def _offer(self, sku: str, pieces: int) -> None:
        product = {"name": "Goods of a load", "price": PRICE, "currency": "EUR", "weight_grams": 100}
        self.shop.send("a product", lambda api: api.put(f"/products/{sku}", product), time.time() + 60).expect(
            201, what="a product"
        )
        self.shop.send("stock", lambda api: api.put(f"/stock/{sku}", {"on_hand": pieces}), time.time() + 60).expect(
            201, what="stock"
        )
        dynamodb, table = aws.client("dynamodb", self.stack), self.stack.resources["OrdersTable"]
        key = {"pk": {"S": f"sku#{sku}"}, "sk": {"S": "price"}}
        console.until(
            f"the orders service's copy of the price of {sku}",
            seconds=60,
            look=lambda: "Item" in dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True),
            otherwise="The price did not reach the orders service in 60 s: see copy-prices in .local/emulator.log.",
        )
