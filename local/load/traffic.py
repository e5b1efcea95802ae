"""Steady traffic: customers order and cancel, the warehouse packs, the carrier delivers, until it is stopped.

A failure of a party's own thread is kept and raised at the end: traffic that has quietly stopped would prove nothing.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle

from .. import console
from ..trouble import Trouble
from .parties import Order, Parties

# Of ten orders: one card is declined, one customer changes their mind, two want what is scarce.
KINDS = ("plain", "plain", "declined", "plain", "scarce", "plain", "cancelled", "plain", "scarce", "plain")
# Until a customer who changes their mind says so: before, while or after the order is paid and allocated.
CANCELLED_AFTER = (0.0, 0.3, 1.0, 3.0)
AT_ONCE = 16
LOOK_SECONDS = 1.0
SHOWN_SECONDS = 15.0


class Traffic:
    def __init__(self, parties: Parties, per_second: float) -> None:
        self.parties, self.orders = parties, list[Order]()
        self._every = 1 / per_second
        self._ordering, self._working = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._jobs: list[Future[None]] = []
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in (self._order_steadily, self._pack_steadily)]
        self.trouble: BaseException | None = None

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def flow(self, seconds: float) -> None:
        """Lets the traffic be for so long."""
        deadline = time.monotonic() + seconds
        with console.waiting(f"{seconds:.0f} s of traffic"):
            while time.monotonic() < deadline:
                self.check()
                time.sleep(LOOK_SECONDS)

    def left_behind(self, is_open: set[str]) -> list[str]:
        """A line for each order that has not ended, or was never accepted."""
        open_still = [f"I3: order {order_id} has not ended" for order_id in sorted(is_open)]
        return open_still + [
            f"I3: an order was wanted and never accepted ({order.key})" for order in self.orders if not order.id
        ]

    def stop_ordering(self) -> None:
        """No new order is wanted. Those that were wanted are still placed, packed and delivered."""
        self._ordering.set()
        self._threads[0].join()

    def settle(self, seconds: float) -> set[str]:
        """Waits until every wanted order is accepted and none is open. Returns the ids of those that are open at the end."""
        deadline = time.time() + seconds
        shown = 0.0
        while True:
            self.check()
            waiting = [order for order in list(self.orders) if not order.id]
            is_open = self.parties.open_orders() & {order.id for order in self.orders}
            if not waiting and not is_open or time.time() > deadline:
                return is_open
            if time.time() - shown > SHOWN_SECONDS:
                shown = time.time()
                console.say(f"  {len(waiting)} orders to be accepted, {len(is_open)} to end")
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """Ends the parties' work, whatever is still to do."""
        self._ordering.set()
        self._working.set()
        self.parties.give_up_at = 0.0
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._pool.shutdown(cancel_futures=True)

    def check(self) -> None:
        """Raises what has ended a party."""
        for job in [job for job in self._jobs if job.done()]:
            self._jobs.remove(job)
            self.trouble = self.trouble or job.exception()
        if self.trouble:
            raise Trouble(f"The traffic stopped: {self.trouble}") from self.trouble

    def counts(self) -> str:
        orders = list(self.orders)
        accepted, reported = sum(bool(order.id) for order in orders), sum(order.is_reported for order in orders)
        return f"{len(orders)} orders wanted, {accepted} accepted, {reported} handed over"

    def _order_steadily(self) -> None:
        delays = cycle(CANCELLED_AFTER)
        for kind in cycle(KINDS):
            order = Order(kind, uuid.uuid4().hex, time.time())
            self.orders.append(order)
            if kind == "cancelled":
                delay = next(delays)
                self._do(lambda order=order, delay=delay: self._place_and_cancel(order, delay))
            else:
                self._do(lambda order=order: self.parties.place(order))
            if self._ordering.wait(self._every):
                return

    def _place_and_cancel(self, order: Order, delay: float) -> None:
        self.parties.place(order)
        time.sleep(delay)
        self.parties.cancel(order)

    def _pack_steadily(self) -> None:
        under_way: set[str] = set()
        try:
            while not self._working.wait(LOOK_SECONDS):
                ours = {order.id: order for order in list(self.orders) if order.id}
                for order_id in (self.parties.to_pack() & ours.keys()) - under_way:
                    under_way.add(order_id)
                    self._do(lambda order=ours[order_id]: self.parties.dispatch(order))
        except BaseException as trouble:  # noqa: BLE001 - raised by `check`, in the thread that waits
            self.trouble = trouble

    def _do(self, work: Callable[[], None]) -> None:
        self._jobs.append(self._pool.submit(work))
