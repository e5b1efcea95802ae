"""`make replay SERVICE=payments TO=track-order ORDERS=…`: counts what DO=send would send to one consumer's queue again.

ORDERS=… selects orders, SINCE=… and UNTIL=… a time, for which the whole table is scanned. Each run of the function does a
bounded part and returns where to go on; CURSOR=… goes on after this command was stopped.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from .operations import Operator
from .trouble import Trouble

COUNTS = ("events", "too_old", "unreadable", "items_read")
TYPES = ("by_type", "not_subscribed")


def run(options: argparse.Namespace) -> int:
    command = request(options)
    operator = Operator(options.stack)
    command["by"] = operator.caller[:300]
    total: dict[str, Any] = {"read_units": 0, **dict.fromkeys(COUNTS, 0), **{name: Counter() for name in TYPES}}
    while True:
        report = operator.invoke("replay-events", command)
        add(total, report)
        if report["cursor"] is None:
            break
        command["cursor"] = report["cursor"]
        print(f"{total['events']} events so far, {total['items_read']} items read; CURSOR={report['cursor']}", flush=True)
        time.sleep(report["continue_in_seconds"])
    print("\n".join(summary(total, report)))
    return 0


def request(options: argparse.Namespace) -> dict[str, Any]:
    command: dict[str, Any] = {
        "service": options.service,
        "to": options.to,
        "do": options.do,
        "per_second": options.per_second,
    }
    if bool(options.orders) == bool(options.since):
        raise Trouble("`make replay` needs either ORDERS=… or SINCE=…: which events to replay.")
    if options.orders:
        command["subjects"] = [part for part in re.split(r"[\s,]+", options.orders) if part]
    else:
        command["since"] = options.since
        # A cursor belongs to one request, which must not end later each time.
        if options.cursor and not options.until:
            raise Trouble("CURSOR=… needs the UNTIL=… of the run that printed it.")
        command["until"] = options.until or datetime.now(UTC).isoformat(timespec="seconds")
        if not options.until:
            print(f"UNTIL={command['until']}")
    if options.type:
        command["type"] = options.type
    if options.cursor:
        command["cursor"] = options.cursor
    return command


def add(total: dict[str, Any], report: dict[str, Any]) -> None:
    for name in COUNTS:
        total[name] += report[name]
    for name in TYPES:
        total[name].update(report[name])
    total["read_units"] += report["read_units"] or 0
    for name, choose in (("oldest", min), ("newest", max)):
        moments = [moment for moment in (total.get(name), report[name]) if moment]
        total[name] = choose(moments, key=lambda text: datetime.fromisoformat(text)) if moments else None


def summary(total: dict[str, Any], report: dict[str, Any]) -> list[str]:
    did = "were sent to" if report["do"] == "send" else "would be sent to"
    lines = [f"{total['events']} events of {report['service']} {did} {report['to']}."]
    lines += [f"    {count:6} {kind}" for kind, count in total["by_type"].most_common()]
    if total["events"]:
        lines.append(f"The oldest is of {total['oldest']}, the newest of {total['newest']}.")
    if total["not_subscribed"]:
        skipped = ", ".join(f"{count} {kind}" for kind, count in total["not_subscribed"].most_common())
        lines.append(f"Its subscription does not pass: {skipped}.")
    if total["too_old"]:
        lines.append(f"{total['too_old']} are too old for it, and are not sent.")
    if total["unreadable"]:
        lines.append(f"{total['unreadable']} events of the table cannot be read: see the function's log, then restore them.")
    lines.append(f"What it does with them: {report['consumer']}")
    units = f", {total['read_units']} read units" if total["read_units"] else ""
    lines.append(f"{total['items_read']} items were read{units}.")
    return lines
