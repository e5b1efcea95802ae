"""`make chaos MINUTES=5`: breaks what can break while a shop is in full operation, and shows that nothing is lost.

Steady traffic runs all the time. In its course functions are killed, the payment provider is down, and everything is deployed
anew; duplicates, unreadable messages and malformed webhooks arrive all along. Then dead letters are redriven, every order ends,
and the books are audited: `load/books.py`.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import console
from .faults import Faults
from .load import books
from .load.parties import Parties
from .load.traffic import Traffic
from .naming import kebab
from .operations import Operator
from .state import Stack
from .trouble import Trouble

ORDERS_PER_SECOND = 1.0
# A small fault of each kind about this often.
SMALL_FAULT_SECONDS = 4.0
KILLS_EVERY_SECONDS = 2.0
LONGEST_OUTAGE_SECONDS = 45.0
# Until the last order has ended: an order that waits for a retry may wait out a visibility timeout twice.
SETTLES_SECONDS = 600.0


@dataclass(frozen=True)
class Window:
    """A fault that lasts: from and until are seconds since 1970."""

    what: str
    began: float
    ended: float


def run(stack: Stack, minutes: int, seed: int | None = None) -> int:
    """Runs for so many minutes and until every order has ended. Returns the exit code: 1 if an invariant is broken."""
    if left := books.waiting(stack):
        raise Trouble(f"The stack still holds messages ({', '.join(left)}): run `make down` first.")
    seed = random.randrange(10**6) if seed is None else seed
    dice = random.Random(seed)
    seconds = 60.0 * minutes
    console.say(f"  {minutes} minutes of orders and faults, seed {seed}")
    # Four in ten of the orders that want the scarce goods get them.
    parties = Parties(stack, scarce_pieces=max(1, int(seconds * ORDERS_PER_SECOND * 0.2 * 0.4)))
    traffic, faults = Traffic(parties, ORDERS_PER_SECOND), Faults(parties, dice)
    began = time.time()
    traffic.start()
    try:
        windows = _break_things(traffic, faults, dice, began, seconds)
        traffic.stop_ordering()
        console.say("  no more orders; until those that were placed have ended")
        is_open = traffic.settle(SETTLES_SECONDS)
        redriven = _redrive(stack)
        is_open = traffic.settle(SETTLES_SECONDS) if is_open or redriven["requeued"] else is_open
    finally:
        faults.start_provider()
        traffic.stop()
    books.await_empty(stack)
    found = books.found(parties, traffic.orders, faults.stops)
    _report(traffic, faults, windows, found, redriven)
    others = [f"I7: {taken}" for taken in faults.taken] + poison_breaches(faults.poison, redriven)
    return books.judge(found, traffic.left_behind(is_open) + others)


def _break_things(traffic: Traffic, faults: Faults, dice: random.Random, began: float, seconds: float) -> list[Window]:
    """Follows the plan: each large fault in its part of the time, small ones all along."""
    outage = min(0.1 * seconds, LONGEST_OUTAGE_SECONDS)
    small = [faults.poison_a_queue, faults.malformed_webhook, lambda: faults.duplicate(list(traffic.orders))]
    windows: list[Window] = []

    def at(part: float) -> bool:
        return time.time() - began >= part * seconds

    def calm_until(part: float) -> None:
        while not at(part):
            traffic.check()
            for fault in small:
                if dice.random() < 1 / SMALL_FAULT_SECONDS:
                    fault()
            if int(time.time() - began) % 15 == 0:
                console.say(f"  {int(time.time() - began):4} s  {traffic.counts()}")
            time.sleep(1)

    def lasting(what: str, work: Callable[[], None]) -> None:
        console.say(f"  {int(time.time() - began):4} s  {what}")
        since = time.time()
        work()
        windows.append(Window(what, since, time.time()))

    def kill() -> None:
        while not at(0.3):
            faults.kill_functions()
            calm_until(min(0.3, (time.time() + KILLS_EVERY_SECONDS - began) / seconds))

    def provider_down() -> None:
        faults.stop_provider()
        calm_until((time.time() + outage - began) / seconds)
        faults.start_provider()

    calm_until(0.15)
    lasting("functions are killed", kill)
    calm_until(0.45)
    lasting("the payment provider is down", provider_down)
    calm_until(0.7)
    lasting("everything is deployed anew", faults.deploy_again)
    calm_until(1.0)
    return windows


def _redrive(stack: Stack) -> Counter[str]:
    """Discards the dead letters that cannot be read, and lets the others be handled again. Returns how many of each."""
    functions = [
        kebab(name.removesuffix("DeadLetters")) for name, url in stack.resources.items() if _is_dead_letters(name, url)
    ]
    operator, done = Operator(None), Counter[str]()
    with console.waiting("redriving the dead letters"):
        for function in sorted(functions):
            listed = operator.invoke("redrive-dead-letters", {"function": function, "do": "list", "by": operator.caller})
            for what, kind in (("discard", True), ("requeue", False)):
                ids = [letter["id"] for letter in listed["letters"] if (letter["kind"] == "unreadable") is kind]
                if ids:
                    command = {"function": function, "do": what, "ids": ids, "by": operator.caller, "reason": "make chaos"}
                    outcomes = operator.invoke("redrive-dead-letters", command)["outcomes"]
                    done.update(outcome["outcome"] for outcome in outcomes)
    return done


def _is_dead_letters(name: str, url: str) -> bool:
    return name.endswith("DeadLetters") and url.startswith("http")


def poison_breaches(poison: int, redriven: Counter[str]) -> list[str]:
    """Each unreadable message was dead-lettered, and nothing else was lost."""
    wrong = []
    if redriven["discarded"] != poison:
        wrong.append(f"I6: {poison} unreadable messages were sent, and {redriven['discarded']} dead letters are unreadable")
    others = {outcome: count for outcome, count in redriven.items() if outcome not in ("discarded", "requeued")}
    if others:
        wrong.append(f"I6: dead letters could not be redriven: {others}")
    return wrong


def _report(traffic: Traffic, faults: Faults, windows: list[Window], found: books.Found, redriven: Counter[str]) -> None:
    print(f"\n{len(traffic.orders)} orders; {traffic.parties.failed_requests} requests failed and were repeated.")
    print("\n".join(books.outcomes(found)))
    print(f"{faults.killed} processes killed, {faults.duplicates} duplicates, {faults.poison} unreadable messages,")
    print(f"{faults.malformed} malformed webhooks; dead letters: {dict(redriven) or 'none'}")
    for line in recovery(windows, [(one.order.wanted_at, one.ended_at.timestamp()) for one in found.orders]):
        print(line)


def recovery(windows: list[Window], orders: Iterable[tuple[float, float]]) -> list[str]:
    """How long after each fault the last order that was wanted during it had ended, beside what an order takes otherwise.
    `orders`: when each was wanted, and when it ended."""
    orders = list(orders)
    affected = {window: [order for order in orders if window.began <= order[0] <= window.ended] for window in windows}
    calm = [ended - wanted for wanted, ended in orders if not any((wanted, ended) in some for some in affected.values())]
    lines = [f"an order takes {statistics.median(calm):.1f} s, of {len(calm)} without a fault"] if calm else []
    for window, some in affected.items():
        last = max((ended - window.ended for _, ended in some), default=0.0)
        took = window.ended - window.began
        meanwhile = f"{len(some)} orders wanted meanwhile, the last had ended {max(last, 0.0):.1f} s after it"
        lines.append(f"{window.what}, {took:.0f} s: {meanwhile}")
    return lines
