"""The mail that the emulator has accepted, which on AWS would be on its way."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from .state import Stack


def messages(stack: Stack) -> list[dict[str, Any]]:
    """Every message, with `To` (a list), `Subject` and `Timestamp` (seconds since 1970)."""
    with urllib.request.urlopen(f"{stack.endpoint}/_ministack/ses/messages", timeout=60) as answer:
        accounts: dict[str, list[dict[str, Any]]] = json.load(answer)["messages"]
    return [message for messages in accounts.values() for message in messages]
