"""What the person at the keyboard sees.

Progress goes to standard error, so that standard output holds only the result (a shell evaluates the output of `make env`).
Whatever takes more than two seconds shows what it waits for and for how long.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeVar

from .trouble import Trouble

Found = TypeVar("Found")

QUIET_SECONDS = 2.0
# A log file cannot repaint a line: there the line is repeated only this often.
REMINDER_SECONDS = 15.0


def write_through() -> None:
    """Keeps our lines and those of the programs that we start in the order in which they were written."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)


def say(text: str) -> None:
    print(text, file=sys.stderr)


def complain(text: str) -> None:
    print(f"\n{text}", file=sys.stderr)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Shows `what` and its duration, repeatedly if it takes longer than `QUIET_SECONDS`."""
    started = time.monotonic()
    ended = threading.Event()
    painter = threading.Thread(target=_paint, args=(what, started, ended), daemon=True)
    painter.start()
    try:
        yield
    except BaseException:
        _end(painter, ended)
        _line(f"  {what}: failed after {_since(started)}")
        raise
    _end(painter, ended)
    _line(f"  {what}: {_since(started)}")


def until(what: str, seconds: float, look: Callable[[], Found | None], otherwise: str, every: float = 0.2) -> Found:
    """Calls `look` until it returns something, for at most `seconds`. `otherwise` is the text of the `Trouble` after that."""
    deadline = time.monotonic() + seconds
    with waiting(what):
        while True:
            found = look()
            if found is not None and found is not False:
                return found
            if time.monotonic() > deadline:
                raise Trouble(otherwise)
            time.sleep(every)


def _paint(what: str, started: float, ended: threading.Event) -> None:
    if ended.wait(QUIET_SECONDS):
        return
    screen = _is_screen(sys.stderr)
    while True:
        if screen:
            print(f"\r  {what} … {_since(started)}", end="", file=sys.stderr, flush=True)
        else:
            say(f"  {what} … {_since(started)}")
        if ended.wait(0.5 if screen else REMINDER_SECONDS):
            return


def _end(painter: threading.Thread, ended: threading.Event) -> None:
    ended.set()
    painter.join()


def _line(text: str) -> None:
    start = "\r\x1b[K" if _is_screen(sys.stderr) else ""
    say(f"{start}{text}")


def _since(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"


def _is_screen(stream: TextIO) -> bool:
    return stream.isatty()
