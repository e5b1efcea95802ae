"""The alarms on the service level objectives, as CloudWatch evaluates them, over a series of minutes. Pure: no clock, no AWS.

`template/objectives.yaml` has the same numbers in CloudFormation's words; local/tests/test_objectives.py compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

# The share of requests, or of orders, that may fail: the objective is 99.9 %.
BUDGET = 0.001
# A metric of a minute is there this many minutes after it.
METRIC_DELAY = 1


@dataclass(frozen=True)
class Window:
    """The alarm of one window: on if at least `failures` failed in it, and a greater share than `burn` times the budget."""

    minutes: int
    burn: float
    failures: int

    @property
    def ratio(self) -> float:
        return round(self.burn * BUDGET, 6)

    def is_on(self, total: int, failed: int) -> bool:
        return failed >= self.failures and failed / max(total, 1) > self.ratio


# By speed: the long window shows that it matters, the short one that it still happens. At the fast burn a month's budget lasts
# two days, at the slow one five. With fewer than three failures a short window is off: a shop with few requests is not called
# for one.
WINDOWS = {
    "fast-long": Window(minutes=60, burn=14.4, failures=1),
    "fast-short": Window(minutes=5, burn=14.4, failures=3),
    "slow-long": Window(minutes=360, burn=6, failures=1),
    "slow-short": Window(minutes=30, burn=6, failures=3),
}
SPEEDS = ("fast", "slow")


@dataclass(frozen=True)
class Minute:
    """What happened in one minute: how much there was, and how much of it failed."""

    total: int
    failed: int


def pages(series: Sequence[Minute]) -> list[tuple[int, str]]:
    """When a person is called: minute and speed. A speed calls once for as long as both of its windows stay on."""
    totals = list(accumulate((minute.total for minute in series), initial=0))
    failures = list(accumulate((minute.failed for minute in series), initial=0))

    def is_on(name: str, seen: int) -> bool:
        window = WINDOWS[name]
        begin = max(seen - window.minutes, 0)
        return window.is_on(totals[seen] - totals[begin], failures[seen] - failures[begin])

    calls, was_on = [], dict.fromkeys(SPEEDS, False)
    for now in range(1, len(series) + METRIC_DELAY + 1):
        seen = max(now - METRIC_DELAY, 0)
        for speed in SPEEDS:
            on = is_on(f"{speed}-long", seen) and is_on(f"{speed}-short", seen)
            if on and not was_on[speed]:
                calls.append((now, speed))
            was_on[speed] = on
    return calls


def read(lines: Iterable[str]) -> list[Minute]:
    """A recorded series. Each line has a number of minutes, and how much there was and failed in each of them. `#` begins a
    comment, and `repeat <times>` repeats what precedes it."""
    series: list[Minute] = []
    for line in lines:
        words = line.partition("#")[0].split()
        if words[:1] == ["repeat"]:
            series *= int(words[1])
        elif words:
            minutes, total, failed = map(int, words)
            series += [Minute(total, failed)] * minutes
    return series
