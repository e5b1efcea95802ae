"""`make cost-deployed`: what one order costs on the deployed local stack, counted by a proxy in front of the emulator, beside
what `docs/cost.md` says.

Every event source takes one message or record at a time, and no schedule runs, so that nothing else is counted. Units, requests
to DynamoDB and requests to topics must be equal for every order. What the emulator itself reports (invocations, their time, log
lines) varies: its range goes into the page.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

from local import aws, console, demo, users
from local.http_api import HttpApi
from local.journey import Journey
from local.settings import LOOPBACK, ROOT, STATE
from local.state import Stack
from local.trouble import Trouble

EMULATOR_LOG = STATE / "emulator.log"
LINES = [{"sku": "TEA-01", "quantity": 2}]
# What the page calls them, by what the proxy calls them.
COLUMNS = ("write units", "read units", "DynamoDB requests", "SNS requests")
# What the emulator reports, and the page's name for what was counted in process, if it has one.
REPORTED = {
    "invocations": "invocations",
    "queue messages": "queue messages",
    "billed milliseconds": None,
    "log bytes of functions": None,
}
ORDERS = 5
MARK = re.compile(r"(<!-- measured: deployed -->\n).*?(<!-- end -->)", flags=re.DOTALL)


def run(stack: Stack) -> int:
    proxy = f"http://{LOOPBACK}:{stack.ports['proxy']}"
    _quieten(stack)
    _send_indexes(stack, proxy)
    customer, shop = (HttpApi(stack.api, users.token(stack, user)) for user in (users.CUSTOMER, users.ADMIN))
    # Functions read secrets once a minute: the first order of a process would count them.
    with console.waiting("one order, to warm up"):
        _deliver(stack, customer, shop, proxy)
    orders = []
    for number in range(1, ORDERS + 1):
        with console.waiting(f"order {number} of {ORDERS}, counted"):
            reports = Reports(stack)
            orders.append({**_deliver(stack, customer, shop, proxy), **reports.since()})
    page = _published()
    rows = [["one delivered order", "in process", f"deployed, {ORDERS} orders"], ["---"] * 3]
    for name in COLUMNS:
        rows.append([name, f"{page[name]:g}", _range([order[name] for order in orders])])
    for name, published in REPORTED.items():
        rows.append([name, f"{page[published]:g}" if published else "–", _range([order[name] for order in orders])])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    print(table, end="")
    if wrong := [order for order in orders if order["unknown"] or any(page[name] != order[name] for name in COLUMNS)]:
        for kind in sorted(wrong[0]["kinds"]):
            print(f"  put: {kind}")
        print(f"not counted: {wrong[0]['unknown'] or 'nothing'}")
        return 1
    _write(table)
    return 0


class Reports:
    """What the emulator reports of its functions from now on."""

    def __init__(self, stack: Stack) -> None:
        self.logs = aws.client("logs", stack)
        self.began = int(time.time() * 1000)
        self.place = EMULATOR_LOG.stat().st_size

    def since(self) -> dict[str, float]:
        lines = [event["message"] for event in self._events()]
        reports = [float(found[1]) for line in lines if (found := re.match(r"REPORT .*Billed Duration: ([\d.]+) ms", line))]
        ours = [line for line in lines if not re.match(r"(START|END|REPORT) ", line)]
        with EMULATOR_LOG.open(errors="replace") as log:
            log.seek(self.place)
            messages = re.findall(r"processed (\d+) SQS messages", log.read())
        return {
            "invocations": len(reports),
            "queue messages": sum(map(int, messages)),
            "billed milliseconds": round(sum(reports)),
            "log bytes of functions": sum(len(line.encode()) for line in ours),
        }

    def _events(self) -> Iterator[dict[str, Any]]:
        for groups in self.logs.get_paginator("describe_log_groups").paginate():
            for group in groups["logGroups"]:
                pages = self.logs.get_paginator("filter_log_events")
                for page in pages.paginate(logGroupName=group["logGroupName"], startTime=self.began):
                    yield from page["events"]


def _range(values: list[float]) -> str:
    least, most = min(values), max(values)
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"


def _write(table: str) -> None:
    page = ROOT / "docs/cost.md"
    before = page.read_text()
    after = MARK.sub(lambda mark: mark[1] + table + mark[2], before)
    page.write_text(after)
    console.say(f"  docs/cost.md {'is current' if after == before else 'is written anew'}")


def _quieten(stack: Stack) -> None:
    functions, events = aws.client("lambda", stack), aws.client("events", stack)
    for source in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=source["UUID"], BatchSize=1, MaximumBatchingWindowInSeconds=0)
    for rule in events.list_rules()["Rules"]:
        if rule.get("ScheduleExpression"):
            events.disable_rule(Name=rule["Name"])


def _send_indexes(stack: Stack, proxy: str) -> None:
    tables = aws.client("dynamodb", stack)
    indexes = {}
    for name in tables.list_tables()["TableNames"]:
        described = tables.describe_table(TableName=name)["Table"].get("GlobalSecondaryIndexes", [])
        indexes[name] = [
            {
                "key": [part["AttributeName"] for part in index["KeySchema"]],
                "more": index["Projection"].get("NonKeyAttributes", []),
            }
            for index in described
        ]
    body = json.dumps(indexes).encode()
    request = urllib.request.Request(f"{proxy}/_tables", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


def _counted(proxy: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{proxy}/_counted", timeout=10) as answer:
        return json.load(answer)


def _deliver(stack: Stack, customer: HttpApi, shop: HttpApi, proxy: str) -> dict[str, Any]:
    _until_quiet(proxy)
    total = _sum([])
    order = demo.place(customer, LINES, {"email": "ada@customer.example"})
    journey = Journey(stack, order["order_id"])
    journey.wait_for("ShipmentRequested")
    total = _sum([total, _until_quiet(proxy)])
    code = f"AP{uuid.uuid4().int % 10**10:010}"
    parcel = {"carrier": demo.CARRIER, "tracking_code": code}
    shop.post(f"/shipments/{order['order_id']}/dispatch", parcel).expect(202, what="the dispatch")
    journey.wait_for("Shipped")
    total = _sum([total, _until_quiet(proxy)])
    demo.report_delivery(stack, code)
    journey.wait_for("Delivered")
    return _sum([total, _until_quiet(proxy)])


def _until_quiet(proxy: str) -> dict[str, Any]:
    """What was counted until nothing was for three seconds. The payment provider's webhook comes up to three seconds late."""
    counted, quiet = _sum([]), 0
    while quiet < 8:
        time.sleep(0.5)
        more = _sum([_of(_counted(proxy))])
        quiet = 0 if any(more[name] for name in COLUMNS) else quiet + 1
        counted = _sum([counted, more])
    return counted


def _of(counted: dict[str, Any]) -> dict[str, Any]:
    requests = counted["requests"]
    return {
        "write units": counted["item_writes"] + counted["index_writes"],
        "read units": counted["read_halves"] / 2,
        "DynamoDB requests": sum(times for name, times in requests.items() if name.startswith("DynamoDB.")),
        "SNS requests": requests.get("SNS.PublishBatch", 0),
        "unknown": counted["unknown"],
        "kinds": [f"{kind}: {units}" for kind, units in counted["kinds"].items()],
    }


def _sum(parts: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {**dict.fromkeys(COLUMNS, 0), "unknown": [], "kinds": []}
    for part in parts:
        for name in total:
            total[name] = total[name] + part[name]
    return total


def _published() -> dict[str, float]:
    page = (ROOT / "docs/cost.md").read_text()
    row = re.search(r"^\| `delivered`: .*", page, flags=re.MULTILINE)
    head = re.search(r"^\| end \| .*", page, flags=re.MULTILINE)
    if row is None or head is None:
        raise Trouble("docs/cost.md has no table of ends: run `make cost`.")
    names, values = ([cell.strip() for cell in found[0].strip("| ").split(" | ")] for found in (head, row))
    wanted = {*COLUMNS, *REPORTED.values()}
    return {name: float(value) for name, value in zip(names, values, strict=True) if name in wanted}
