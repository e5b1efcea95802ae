"""`make explain`: how it finds the order, and what it prints. The explanation itself is tested in Rust."""

from __future__ import annotations

import unittest
from dataclasses import dataclass, field
from typing import Any

from local import explain
from local.http_api import Answer

ID = "0123456789abcdef0123456789abcdef"


@dataclass
class Shop:
    """Answers searches with these pages, one after the other."""

    pages: list[Answer]
    asked: list[Any] = field(default_factory=list)

    def post(self, path: str, body: Any) -> Answer:
        assert path == "/orders/search"
        self.asked.append(body)
        return self.pages.pop(0)


def page(*ids: str, cursor: str | None = None) -> Answer:
    return Answer(200, {"items": [{"order_id": order, "status": "paid"} for order in ids], "next": cursor})


REPORT: dict[str, Any] = {
    "order_id": ID,
    "number": "K7QD-3M9X-TAK",
    "explained_at": "2026-01-31T09:00:00Z",
    "status": "shipped",
    "attention": ["disputed"],
    "waiting": [{"for": "delivery", "of": "carrier", "since": "2026-01-31T08:00:00Z", "until": "2026-03-02T08:00:00Z"}],
    "remedies": [{"do": "Record it.", "by": f"POST /shipments/{ID}/deliver", "page": "docs/http-api.md"}],
    "events": [
        {
            "id": f"orders/{ID}/1",
            "service": "orders",
            "type": "OrderPlaced",
            "time": "2026-01-31T07:00:00Z",
            "sequence": 1,
            "cause": "request/r1",
            "actor": "s-1",
            "detail": {"items": [{"sku": "TEA-01", "quantity": 2}], "total": 1900},
        }
    ],
    "letters": [{"function": "track-order", "reason": "given up", "message_id": "m", "at": "2026-01-31T08:30:00Z"}],
    "webhooks": [],
    "deliveries": [],
    "notices": [],
    "dead_letters_now": {"track-order": 1},
}


class Explaining(unittest.TestCase):
    def test_an_id_is_not_looked_up(self) -> None:
        shop = Shop([])
        self.assertEqual(explain.orders(shop, ID), [{"order_id": ID}])  # type: ignore[arg-type]
        self.assertEqual(shop.asked, [])

    def test_a_number_is_looked_up_page_by_page_and_several_orders_are_listed(self) -> None:
        shop = Shop([page("a", cursor="c"), page("b")])
        found = explain.orders(shop, "k7qd 3m9x tak")  # type: ignore[arg-type]
        self.assertEqual([order["order_id"] for order in found], ["a", "b"])
        self.assertEqual(shop.asked[1], {"number": "k7qd 3m9x tak", "cursor": "c"})
        self.assertEqual(explain.choice(found)[1:], ["  a  paid", "  b  paid"])

    def test_what_an_operator_needs_comes_first(self) -> None:
        text = explain.lines(REPORT)
        self.assertEqual(text[0], f"Order K7QD-3M9X-TAK  {ID}  shipped  ATTENTION disputed")
        titles = [line for line in text if line.endswith(":") and not line.startswith(" ")]
        self.assertEqual(titles[:3], ["It waits for:", "What can be done:", "What has happened:"])
        self.assertIn("  delivery, by carrier, since 2026-01-31T08:00:00Z, until 2026-03-02T08:00:00Z", text)
        self.assertIn("  2026-01-31T07:00:00Z  orders/1 OrderPlaced  by s-1  items=2×TEA-01  total=1900", text)
        self.assertIn("  2026-01-31T08:30:00Z  track-order: given up", text)

    def test_an_order_that_waits_for_nothing_says_so(self) -> None:
        self.assertIn("It waits for nothing.", explain.lines({**REPORT, "waiting": []}))


if __name__ == "__main__":
    unittest.main()
