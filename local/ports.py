"""Ports on the loopback address: the usual ones, unless another program uses them."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

from . import console
from .settings import LOOPBACK

PREFERRED = {"emulator": 4566, "stripe": 8420}


def choose() -> dict[str, int]:
    chosen = {}
    for name, preferred in PREFERRED.items():
        chosen[name] = preferred if _is_free(preferred) else any_free()
        if chosen[name] != preferred:
            console.say(f"  port {preferred} is in use by another program: the {name} gets {chosen[name]}")
    return chosen


def any_free() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError:
        return True  # any answer shows that it is up
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a closing connection of an earlier run does not count as in use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
