"""One order's events, from the tables of all services, as they happen.

No service may read another's table, and no API shows all events. Only this module reads them together, with the
administrator's keys.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import aws
from .state import Stack
from .trouble import Trouble

SERVICES = ("orders", "payments", "inventory", "shipping")


@dataclass(frozen=True)
class Event:
    id: str
    service: str
    type: str
    time: datetime
    # The id of the event, request, webhook or schedule that caused it.
    cause: str
    data: dict[str, Any]


class Journey:
    """Remembers the events it has returned, so that each look returns only new ones."""

    def __init__(self, stack: Stack, order_id: str) -> None:
        self._dynamodb = aws.client("dynamodb", stack)
        self._tables = {service: stack.resources[f"{service.capitalize()}Table"] for service in SERVICES}
        self._order_id = order_id
        self.events: list[Event] = []

    def look(self) -> list[Event]:
        known = {event.id for event in self.events}
        found = [event for service in SERVICES for event in self._read(service) if event.id not in known]
        found.sort(key=lambda event: event.time)
        self.events += found
        return found

    def find(self, event_type: str) -> Event | None:
        return next((event for event in self.events if event.type == event_type), None)

    def wait_for(self, event_type: str, seconds: float = 60) -> None:
        """Looks until there is such an event."""
        deadline = time.monotonic() + seconds
        while not self.find(event_type):
            if time.monotonic() > deadline:
                where = "see the functions' logs in .local/emulator.log"
                raise Trouble(f"`{event_type}` did not happen within {seconds} s: {where}.")
            self.look()
            time.sleep(0.2)

    def _read(self, service: str) -> list[Event]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._tables[service],
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
            ExpressionAttributeValues={":pk": {"S": f"order#{self._order_id}"}, ":event": {"S": "event#"}},
        )
        return [_event(service, json.loads(item["event"]["S"])) for page in pages for item in page["Items"]]


def _event(service: str, envelope: dict[str, Any]) -> Event:
    return Event(
        envelope["id"], service, envelope["type"], instant(envelope["time"]), envelope["causationid"], envelope["data"]
    )


def instant(text: str) -> datetime:
    """RFC 3339 as the services write it: up to nanoseconds and a `Z`, of which older Pythons read neither."""
    whole, fraction = re.fullmatch(r"([^.Z]+)(?:\.(\d+))?Z", text).groups()  # type: ignore[union-attr]
    return datetime.fromisoformat(f"{whole}.{(fraction or '').ljust(6, '0')[:6]}+00:00")
