"""`make rebuild-views DO=build`: writes the views of orders that are lost or wrong, from the orders' streams.

Each run of the function handles a bounded part and returns where to go on; CURSOR=… goes on after this command was stopped.
"""

from __future__ import annotations

import argparse
from typing import Any

from .operations import Operator

COUNTS = (
    "orders",
    "same",
    "missing",
    "behind",
    "different",
    "written",
    "not_findable",
    "items_written",
    "unreadable",
    "items_read",
    "read_units_of_scan",
)
WRONG = ("missing", "behind", "different", "not_findable", "unreadable")


def run(options: argparse.Namespace) -> int:
    operator = Operator(options.stack)
    command: dict[str, Any] = {"do": options.do, "by": operator.caller[:300]}
    if options.cursor:
        command["cursor"] = options.cursor
    total = gathered(operator, command)
    print("\n".join(summary(total, options.do)))
    return 1 if options.do == "compare" and any(total[name] for name in WRONG) else 0


def gathered(operator: Operator, command: dict[str, Any]) -> dict[str, Any]:
    """The sum of the reports of as many runs as the command needs."""
    total: dict[str, Any] = {"named": [], **dict.fromkeys(COUNTS, 0)}
    while True:
        report = operator.invoke("rebuild-views", command)
        total = added(total, report)
        if report["done"]:
            return total
        if report["cursor"]:
            command = {**command, "cursor": report["cursor"]}
        print(f"{total['orders']} orders so far; CURSOR={report['cursor']}", flush=True)


def added(total: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    return {"named": total["named"] + report["named"], **{name: total[name] + report[name] for name in COUNTS}}


def summary(total: dict[str, Any], to_do: str) -> list[str]:
    lines = [f"{total['orders']} orders."]
    if to_do != "plan":
        wrong = ", ".join(f"{total[name]} {name}" for name in WRONG)
        lines.append(f"{total['same']} views were right; {wrong}.")
    if to_do == "build":
        lines.append(f"{total['written']} views and {total['items_written']} look-up items were written.")
    if total["named"]:
        lines.append("Some of those orders: " + ", ".join(total["named"][:20]))
    lines.append(f"The scan read {total['items_read']} items with {total['read_units_of_scan']} read units.")
    return lines
