"""`make bench-console ORDERS=10000`: how soon the console shows the first rows of so many orders, and what that reads.

One real order is placed. The event `OrderPlaced` of it is put into the table of orders that many times, under other ids and
times, while nothing reads that table's stream. `rebuild-views` projects orders as `project-orders` does, and writes their
views. Chromium opens the console, and a proxy in front of the emulator counts what the functions ask of DynamoDB meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from local import aws, console, demo, rebuild, testing, users, web
from local.http_api import HttpApi
from local.journey import Journey, instant
from local.operations import Operator
from local.settings import LOOPBACK, ROOT
from local.state import Stack
from local.trouble import Trouble

# How many items one request of a batch writes: the most that DynamoDB takes.
AT_ONCE = 25
ROUNDS = 5
# One order each minute, back from now.
APART = timedelta(minutes=1)


def run(stack: Stack, orders: int) -> int:
    if web.chromium() is None:
        raise Trouble(f"There is no Chromium: {web.INSTALL_CHROMIUM}, then try again.")
    first = _place(stack)
    _stop_reading(stack)
    with console.waiting(f"{orders} orders as events"):
        _write(stack, first, orders)
    operator = Operator(None)
    with console.waiting("their views, by rebuild-views"):
        built = rebuild.gathered(operator, {"do": "build", "by": operator.caller})
    if built["orders"] < orders or built["unreadable"]:
        raise Trouble(f"rebuild-views found {built['orders']} orders, {built['unreadable']} of them unreadable.")
    proxy = f"http://{LOOPBACK}:{stack.ports['proxy']}"
    environment = {**testing.browser_environment(stack), "CONVEYOR_COUNTS": f"{proxy}/_counted", "CONVEYOR_ROUNDS": str(ROUNDS)}
    done = subprocess.run(
        ["node", "first-rows.mjs"], cwd=ROOT / web.CONSOLE, env=environment, stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        return done.returncode
    places = json.loads(done.stdout)
    print(f"{built['orders']} orders, {ROUNDS} loads of each page, milliseconds from the reload to the first row")
    for place in places:
        reads = "; ".join(sorted({_requests(counted) for counted in place["counted"]}))
        print(f"  {place['name']}: {_range(place['milliseconds'])} ms, {place['rows']} rows; DynamoDB: {reads}")
    scans = [counted for place in places for counted in place["counted"] if any("Scan" in name for name in counted["requests"])]
    print(f"  scans: {len(scans)}")
    return 1 if scans else 0


def _place(stack: Stack) -> str:
    customer = HttpApi(stack.api, users.token(stack, users.CUSTOMER))
    placed = demo.place(customer, [{"sku": "TEA-01", "quantity": 2}], {"email": "ada@customer.example"})
    Journey(stack, placed["order_id"]).wait_for("ShipmentRequested")
    return placed["order_id"]


def _stop_reading(stack: Stack) -> None:
    """No function reads a stream from here on, and none runs by a schedule: 10,000 orders are not to be paid."""
    functions, events = aws.client("lambda", stack), aws.client("events", stack)
    for source in functions.list_event_source_mappings()["EventSourceMappings"]:
        if ":dynamodb:" in source["EventSourceArn"]:
            functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
    for rule in events.list_rules()["Rules"]:
        if rule.get("ScheduleExpression"):
            events.disable_rule(Name=rule["Name"])


def _write(stack: Stack, first: str, orders: int) -> None:
    table, name = aws.client("dynamodb", stack), stack.resources["OrdersTable"]
    key = {"pk": {"S": f"order#{first}"}, "sk": {"S": "event#000001"}}
    item = table.get_item(TableName=name, Key=key, ConsistentRead=True)["Item"]
    copies = _copies(item, first, orders)
    while batch := list(islice(copies, AT_ONCE)):
        left = {name: [{"PutRequest": {"Item": copy}} for copy in batch]}
        while left:
            left = table.batch_write_item(RequestItems=left)["UnprocessedItems"]


def _copies(item: dict[str, Any], first: str, orders: int) -> Iterator[dict[str, Any]]:
    placed_at = json.loads(item["event"]["S"])["time"]
    began = instant(placed_at)
    for number in range(orders):
        order = hashlib.sha256(f"{first} {number}".encode()).hexdigest()[:32]
        at = (began - APART * (number + 1)).isoformat().replace("+00:00", "Z")
        yield {
            name: {kind: text.replace(first, order).replace(placed_at, at) if kind == "S" else text}
            for name, value in item.items()
            for kind, text in value.items()
        }


def _requests(counted: dict[str, Any]) -> str:
    names = {name.partition(".")[2]: count for name, count in counted["requests"].items() if name.startswith("DynamoDB.")}
    asked = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
    return f"{asked}, {counted['read_halves'] / 2:g} read units"


def _range(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{ordered[0]:.0f} to {ordered[-1]:.0f} (median {ordered[len(ordered) // 2]:.0f})"
