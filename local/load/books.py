"""The audit: what the provider, the warehouse, the tables and the mailbox say at the end, held against the invariants.

`found` reads everything; `broken` judges it and is pure. The invariants have the numbers of ARCHITECTURE.md.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from .. import aws, console, rebuild, stripe
from ..journey import SERVICES, Event, Journey, instant
from ..mailbox import messages
from ..operations import Operator
from ..state import Stack
from .parties import Order, Parties

# What an order of each kind may end as. A customer who changes their mind may be too late.
ENDS = {
    "plain": {"delivered"},
    "declined": {"payment_failed"},
    "scarce": {"delivered", "out_of_stock"},
    "cancelled": {"cancelled", "delivered"},
}
# Without a payment until its deadline, which an outage can cause, every order ends so.
UNPAID = "expired"
QUEUES = ("Queue", "DeadLetters")
LATEST_SECONDS = 60.0
# A mail has its notice within this time, also when the machine is busy.
NOTED_SECONDS = 3.0


@dataclass(frozen=True)
class Charge:
    """An intent of the payment provider. Minor units."""

    captured: int
    refunded: int


@dataclass(frozen=True)
class Mail:
    """A mail to the customer of one order."""

    subject: str
    # Seconds since 1970.
    sent_at: float


@dataclass(frozen=True)
class Ended:
    """One order, as everybody knows it."""

    order: Order
    status: str
    attention: list[str]
    ended_at: datetime
    charges: list[Charge]
    # By service, oldest first.
    events: dict[str, list[Event]]
    mails: list[Mail]


@dataclass(frozen=True)
class Found:
    orders: list[Ended]
    # By SKU: how many were offered, and what the stock says now.
    stock: dict[str, tuple[int, dict[str, int]]]
    # Queues that are not empty, with how many messages they hold.
    waiting: dict[str, int]
    # The report of `rebuild-views`, which compares every view with its stream.
    views: dict[str, int]
    # What the scarce orders bought, and all others.
    sold: dict[str, int] = field(default_factory=dict)
    # From when until when functions were stopped in the middle of their work: seconds since 1970.
    stops: list[tuple[float, float]] = field(default_factory=list)


def found(parties: Parties, orders: list[Order], stops: list[tuple[float, float]]) -> Found:
    stack = parties.stack
    with console.waiting("reading what the provider, the warehouse, the tables and the mailbox say"):
        charges, mails = _charges(stack), _mails(stack, parties.mailbox)
        ended = [_ended(parties, order, charges, mails) for order in orders if order.id]
        delivered = [one.order for one in ended if one.status == "delivered"]
        sold = {
            parties.tea: 2 * len(delivered),
            parties.rare: sum(order.kind == "scarce" for order in delivered),
        }
        stock = {sku: (offered, parties.counted(sku)) for sku, offered in parties.stock.items()}
        return Found(ended, stock, waiting(stack), _views(), sold, stops)


def broken(found: Found) -> list[str]:
    """One line for each breach of an invariant. Empty: every invariant holds."""
    return [
        *(
            f"{number}: order {one.order.id} ({one.order.kind}): {what}"
            for one in found.orders
            for number, what in _of_order(one, found.stops)
        ),
        *_of_stock(found),
        *(f"I6: {name} holds {count} messages" for name, count in found.waiting.items()),
        *(f"I8: {count} views are {kind.replace('_', ' ')}" for kind, count in found.views.items() if count),
    ]


def judge(found: Found, others: list[str]) -> int:
    """Prints what is broken, with what the caller has found. Returns the exit code."""
    wrong = broken(found) + others
    print("\n" + ("\n".join(wrong) if wrong else "I1 to I8 hold."))
    return 1 if wrong else 0


def outcomes(found: Found) -> list[str]:
    """A line for each kind of order: how many ended as what."""
    by_kind = {kind: Counter(one.status for one in found.orders if one.order.kind == kind) for kind in ENDS}
    return [
        f"  {kind:10} {', '.join(f'{count} {status}' for status, count in ended.most_common())}"
        for kind, ended in by_kind.items()
    ]


def _of_order(one: Ended, stops: list[tuple[float, float]]) -> Iterator[tuple[str, str]]:
    allowed = ENDS[one.order.kind] | {UNPAID}
    if one.status not in allowed:
        yield "I3", f"it is {one.status}, not one of {', '.join(sorted(allowed))}"
    if one.attention:
        yield "I3", f"it needs a person: {', '.join(one.attention)}"
    if len(one.charges) > 1:
        yield "I1", f"it has {len(one.charges)} intents"
    captured, refunded = sum(charge.captured for charge in one.charges), sum(charge.refunded for charge in one.charges)
    kept = one.order.total if one.status == "delivered" else 0
    if captured > one.order.total or captured - refunded != kept:
        yield "I1", f"{captured} was captured and {refunded} refunded; {kept} of {one.order.total} is due"
    types = Counter(event.type for event in one.events["shipping"])
    if types["Shipped"] and types["ShipmentCancelled"]:
        yield "I4", "it was shipped and its shipment was cancelled"
    for service, events in one.events.items():
        places = [int(event.id.rsplit("/", 1)[1]) for event in events]
        if places != list(range(1, len(places) + 1)):
            yield "I5", f"the places of its events in {service} are {places}"
    yield from _facts(one)
    if twice := _sent_twice(one.mails, stops):
        yield "I7", f"its customer got twice: {', '.join(twice)}"


def _sent_twice(mails: list[Mail], stops: list[tuple[float, float]]) -> list[str]:
    """The subjects of mails that were sent again without need.

    A function that is stopped between a mail and its notice cannot know that it was sent, so this mail comes again: that is the
    contract of `notify-customer`.
    """
    by_subject: dict[str, list[float]] = {}
    for mail in sorted(mails, key=lambda mail: mail.sent_at):
        by_subject.setdefault(mail.subject, []).append(mail.sent_at)

    def near(sent_at: float) -> set[int]:
        """The stops that may have come between this mail and its notice."""
        return {place for place, (began, ended) in enumerate(stops) if began <= sent_at + NOTED_SECONDS and sent_at <= ended}

    def is_needed(times: list[float]) -> bool:
        """Every mail but the last one was forgotten by a stop, and no stop forgets two."""
        forgotten_by = [near(sent_at) for sent_at in times[:-1]]
        return all(forgotten_by) and len(forgotten_by) <= len(set[int]().union(*forgotten_by))

    return [subject for subject, times in by_subject.items() if not is_needed(times)]


def _facts(one: Ended) -> Iterator[tuple[str, str]]:
    """Each event of another service is recorded once in the order's own history."""
    facts = {event.id for service, events in one.events.items() if service != "orders" for event in events}
    recorded = Counter(event.cause for event in one.events["orders"] if event.type == "OrderUpdated")
    if missing := facts - recorded.keys():
        yield "I6", f"its history lacks {', '.join(sorted(missing))}"
    if twice := [cause for cause in facts if recorded[cause] > 1]:
        yield "I6", f"its history has twice {', '.join(sorted(twice))}"


def _of_stock(found: Found) -> Iterator[str]:
    for sku, (offered, now) in found.stock.items():
        expected = offered - found.sold[sku]
        if (now["on_hand"], now["available"], now["allocated"]) != (expected, expected, 0):
            yield f"I2: of {sku}, {offered} were offered and {found.sold[sku]} delivered; the stock says {now}"


def _ended(parties: Parties, order: Order, charges: dict[str, list[Charge]], mails: dict[str, list[Mail]]) -> Ended:
    page = parties.page(order)
    journey = Journey(parties.stack, order.id)
    journey.look()
    events = {service: [event for event in journey.events if event.service == service] for service in SERVICES}
    for stream in events.values():
        stream.sort(key=lambda event: int(event.id.rsplit("/", 1)[1]))
    return Ended(
        order,
        page["status"],
        page["attention"],
        instant(page["updated_at"]),
        charges.get(order.id, []),
        events,
        mails.get(order.key, []),
    )


def _charges(stack: Stack) -> dict[str, list[Charge]]:
    found: dict[str, list[Charge]] = {}
    for intent in stripe.get(stack, "/v1/payment_intents?limit=1000000")["data"]:
        last = intent["latest_charge"] or {}
        charge = Charge(last.get("amount_captured", 0), last.get("amount_refunded", 0))
        found.setdefault(intent["metadata"].get("order_id", ""), []).append(charge)
    return found


def _mails(stack: Stack, mailbox: str) -> dict[str, list[Mail]]:
    """By the key of the order, which is in the customer's address."""
    found: dict[str, list[Mail]] = {}
    for message in messages(stack):
        for address in message["To"]:
            if address.startswith(f"{mailbox}."):
                key = address.split("@")[0].removeprefix(f"{mailbox}.")
                found.setdefault(key, []).append(Mail(message["Subject"], message["Timestamp"]))
    return found


def waiting(stack: Stack) -> dict[str, int]:
    """Queues and dead letters that hold messages."""
    sqs = aws.client("sqs", stack)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    found = {}
    for logical, url in sorted(stack.resources.items()):
        if logical.endswith(QUEUES) and url.startswith("http"):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            if count := sum(int(attributes.get(name, 0)) for name in names):
                found[logical] = count
    return found


def await_empty(stack: Stack) -> None:
    """What is late may still wait in a queue. After a minute it is a finding of the audit."""
    deadline = time.monotonic() + LATEST_SECONDS
    while waiting(stack) and time.monotonic() < deadline:
        time.sleep(1)


def _views() -> dict[str, int]:
    operator = Operator(None)
    report = rebuild.gathered(operator, {"do": "compare", "by": operator.caller})
    return {kind: report[kind] for kind in rebuild.WRONG}
