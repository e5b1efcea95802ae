"""The audit of `make chaos` finds each kind of breach, and finds none in books that are right."""

from __future__ import annotations

import dataclasses
import unittest
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from local import chaos
from local.journey import Event
from local.load import books
from local.load.books import Charge, Ended, Found, Mail
from local.load.parties import Order

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAID = "payments/1/1"
PAID_MAIL = Mail("Your order is paid", 100.0)


def event(place: int, service: str, type: str, cause: str = "request") -> Event:
    return Event(f"{service}/1/{place}", service, type, NOON + timedelta(seconds=place), cause, {})


def delivered(**changed: Any) -> Ended:
    order = Order("plain", "key", NOON.timestamp(), id="1", total=1900)
    events = {
        "orders": [event(1, "orders", "OrderPlaced"), event(2, "orders", "OrderUpdated", PAID)],
        "payments": [event(1, "payments", "OrderPaid")],
        "inventory": [],
        "shipping": [],
    }
    right = Ended(order, "delivered", [], NOON, [Charge(1900, 0)], events, [PAID_MAIL, Mail("Your parcel is here", 200.0)])
    return dataclasses.replace(right, **changed)


def with_events(service: str, *events: Event) -> Ended:
    return delivered(events={**delivered().events, service: list(events)})


def found(one: Ended, **changed: Any) -> Found:
    right = Found([one], {"TEA": (10, {"on_hand": 8, "available": 8, "allocated": 0})}, {}, {"missing": 0}, {"TEA": 2})
    return dataclasses.replace(right, **changed)


class AuditTest(unittest.TestCase):
    def assert_broken(self, invariant: str, found: Found) -> None:
        self.assertEqual([line.split(":")[0] for line in books.broken(found)], [invariant], books.broken(found))

    def test_books_that_are_right_break_no_invariant(self) -> None:
        self.assertEqual(books.broken(found(delivered())), [])

    def test_i1_money_of_another_amount_or_of_two_intents_is_found(self) -> None:
        for charges in ([], [Charge(1900, 100)], [Charge(950, 0)], [Charge(1900, 0), Charge(0, 0)]):
            self.assert_broken("I1", found(delivered(charges=charges)))
        self.assert_broken("I1", found(delivered(charges=[Charge(3800, 1900)])))

    def test_i1_money_kept_for_an_order_that_did_not_ship_is_found(self) -> None:
        cancelled = dataclasses.replace(delivered().order, kind="cancelled")
        self.assert_broken("I1", found(delivered(order=cancelled, status="cancelled")))
        self.assertEqual(books.broken(found(delivered(order=cancelled, status="cancelled", charges=[Charge(1900, 1900)]))), [])

    def test_i2_stock_that_was_sold_twice_or_is_still_allocated_is_found(self) -> None:
        for now in (
            {"on_hand": 7, "available": 7, "allocated": 0},
            {"on_hand": 8, "available": 6, "allocated": 2},
        ):
            self.assert_broken("I2", found(delivered(), stock={"TEA": (10, now)}))

    def test_i3_another_end_and_an_attention_are_found(self) -> None:
        self.assert_broken("I3", found(delivered(status="payment_failed", charges=[])))
        self.assert_broken("I3", found(delivered(attention=["stuck"])))

    def test_i4_a_parcel_that_left_and_was_cancelled_is_found(self) -> None:
        history = [event(1, "orders", "OrderPlaced"), event(2, "orders", "OrderUpdated", PAID)]
        history += [event(place + 2, "orders", "OrderUpdated", f"shipping/1/{place}") for place in (1, 2)]
        events = {
            **delivered().events,
            "orders": history,
            "shipping": [event(1, "shipping", "Shipped"), event(2, "shipping", "ShipmentCancelled")],
        }
        self.assert_broken("I4", found(delivered(events=events)))

    def test_i5_a_gap_in_a_stream_is_found(self) -> None:
        self.assert_broken("I5", found(with_events("orders", event(2, "orders", "OrderUpdated", PAID))))

    def test_i6_an_event_that_was_not_recorded_or_twice_is_found(self) -> None:
        placed = event(1, "orders", "OrderPlaced")
        self.assert_broken("I6", found(with_events("orders", placed)))
        twice = [event(place, "orders", "OrderUpdated", PAID) for place in (2, 3)]
        self.assert_broken("I6", found(with_events("orders", placed, *twice)))

    def test_i6_a_message_that_still_waits_is_found(self) -> None:
        self.assert_broken("I6", found(delivered(), waiting={"TakePaymentQueue": 1}))

    def test_i7_a_second_mail_of_one_kind_is_found(self) -> None:
        again = dataclasses.replace(PAID_MAIL, sent_at=120.0)
        twice = found(delivered(mails=[PAID_MAIL, again]))
        self.assert_broken("I7", twice)
        for stop in ((90.0, 99.0), (104.0, 104.0), (119.0, 125.0)):
            self.assert_broken("I7", dataclasses.replace(twice, stops=[stop]))

    def test_i7_a_mail_whose_function_was_stopped_before_it_noted_it_may_come_again(self) -> None:
        again = dataclasses.replace(PAID_MAIL, sent_at=120.0)
        for stop in ((90.0, 100.0), (102.0, 102.0), (95.0, 130.0)):
            books_with = found(delivered(mails=[again, PAID_MAIL]), stops=[stop])
            self.assertEqual(books.broken(books_with), [], stop)

    def test_i7_one_stop_explains_one_second_mail(self) -> None:
        mails = [dataclasses.replace(PAID_MAIL, sent_at=PAID_MAIL.sent_at + more) for more in (0.0, 0.5, 20.0)]
        once, twice = (101.0, 101.0), (101.2, 101.2)
        self.assert_broken("I7", found(delivered(mails=mails), stops=[once]))
        self.assertEqual(books.broken(found(delivered(mails=mails), stops=[once, twice])), [])

    def test_i8_a_wrong_view_is_found(self) -> None:
        self.assert_broken("I8", found(delivered(), views={"missing": 1}))


class ReportTest(unittest.TestCase):
    def test_an_unreadable_message_that_was_not_set_aside_is_found(self) -> None:
        self.assertEqual(chaos.poison_breaches(3, Counter(discarded=3, requeued=2)), [])
        self.assertEqual(len(chaos.poison_breaches(3, Counter(discarded=2))), 1)
        self.assertEqual(len(chaos.poison_breaches(3, Counter(discarded=3, failed=1))), 1)

    def test_recovery_is_counted_from_the_end_of_the_fault(self) -> None:
        window = chaos.Window("the payment provider is down", 100.0, 110.0)
        lines = chaos.recovery([window], [(50.0, 53.0), (105.0, 125.0), (110.0, 112.0), (130.0, 133.0)])
        self.assertEqual(
            lines,
            [
                "an order takes 3.0 s, of 2 without a fault",
                "the payment provider is down, 10 s: 2 orders wanted meanwhile, the last had ended 15.0 s after it",
            ],
        )


if __name__ == "__main__":
    unittest.main()
