"""`make explain ORDER=<id or number>`: the events of one order in causal order, what it waits for, and what can be done.

It asks `GET /orders/{order_id}/explanation`: of the stack on this machine as its admin, of STACK=… on AWS with the token in
CONVEYOR_ADMIN_TOKEN. A number is looked up first; of several orders with an equal number, all are listed.
"""

from __future__ import annotations

import argparse
import os
import re
from typing import Any

from . import state, users
from .credentials import explained, session
from .http_api import HttpApi
from .trouble import Trouble

ID = re.compile("[0-9a-f]{32}")


def run(options: argparse.Namespace) -> int:
    api = _api(options.stack)
    found = orders(api, options.order)
    if not found:
        raise Trouble(f"No order has the number {options.order}.")
    if len(found) > 1:
        print("\n".join(choice(found)))
        return 1
    answer = api.get(f"/orders/{found[0]['order_id']}/explanation")
    if answer.status == 404:
        raise Trouble(f"No order has the id {options.order}.")
    print("\n".join(lines(answer.expect(200, what="The explanation"))))
    return 0


def _api(stack_name: str | None) -> HttpApi:
    if not stack_name:
        stack = state.running()
        return HttpApi(stack.api, users.token(stack, users.ADMIN))
    token = os.environ.get("CONVEYOR_ADMIN_TOKEN")
    if not token:
        raise Trouble(
            "`make explain` with STACK=… needs an admin's token in CONVEYOR_ADMIN_TOKEN: docs/deploy.md says how to get one."
        )
    with explained(
        {"ValidationError": f"There is no stack `{stack_name}` in this region: is AWS_REGION the region of the stack?"}
    ):
        outputs = session().client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]["Outputs"]
    return HttpApi({output["OutputKey"]: output["OutputValue"] for output in outputs}["ApiUrl"], token)


def orders(api: HttpApi, name: str) -> list[dict[str, Any]]:
    """The order with this id, or every order with this number."""
    if ID.fullmatch(name):
        return [{"order_id": name}]
    found: list[dict[str, Any]] = []
    search: dict[str, str] = {"number": name}
    while True:
        page = api.post("/orders/search", search).expect(200, what=f"The search for the number {name}")
        found += page["items"]
        if not page["next"]:
            return found
        search = {"number": name, "cursor": page["next"]}


def choice(found: list[dict[str, Any]]) -> list[str]:
    shown = [f"  {order['order_id']}  {order['status']}" for order in found]
    return ["Several orders have this number. Explain one of them: make explain ORDER=<id>", *shown]


def lines(report: dict[str, Any]) -> list[str]:
    """The explanation as text: first what an operator needs, then what has happened."""
    attention = f"  ATTENTION {', '.join(report['attention'])}" if report["attention"] else ""
    text = [f"Order {report['number']}  {report['order_id']}  {report['status']}{attention}", ""]
    text += _section("It waits for", [_wait(wait) for wait in report["waiting"]], empty="It waits for nothing.")
    text += _section("What can be done", [f"{one['do']}\n      {one['by']}  ({one['page']})" for one in report["remedies"]])
    text += _section("What has happened", [_event(event) for event in report["events"]])
    text += _section(
        "Dead letters of this order (perhaps sent back since)",
        [f"{letter['at']}  {letter['function']}: {letter['reason']}" for letter in report["letters"]],
    )
    counted = [f"{function}: {count}" for function, count in report["dead_letters_now"].items()]
    text += _section("Dead letters now, of any order", counted)
    text += _section("Webhooks received", [_webhook(webhook) for webhook in report["webhooks"]])
    text += _section("Webhooks to the shop's endpoints", [_delivery(delivery) for delivery in report["deliveries"]])
    notices = [f"{notice['at']}  {notice['channel']} {notice['outcome']}: {notice['about']}" for notice in report["notices"]]
    text += _section("Messages to the customer", notices)
    text += _section("Not read", report.get("missing", []))
    return text[:-1]


def _section(title: str, items: list[str], empty: str | None = None) -> list[str]:
    if not items:
        return [empty, ""] if empty else []
    return [f"{title}:", *[f"  {item}" for item in items], ""]


def _wait(wait: dict[str, Any]) -> str:
    about = f" ({wait['about']})" if "about" in wait else ""
    until = f", until {wait['until']}" if "until" in wait else ""
    return f"{wait['for']}{about}, by {wait['of']}, since {wait['since']}{until}"


def _event(event: dict[str, Any]) -> str:
    detail = "  ".join(f"{name}={_value(value)}" for name, value in event["detail"].items())
    actor = f"  by {event['actor']}" if "actor" in event else ""
    return f"{event['time']}  {event['service']}/{event['sequence']} {event['type']}{actor}  {detail}".rstrip()


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_value(item) for item in value)
    if isinstance(value, dict):
        return f"{value['quantity']}×{value['sku']}"
    return str(value)


def _webhook(webhook: dict[str, Any]) -> str:
    reason = f": {webhook['reason']}" if "reason" in webhook else ""
    return f"{webhook['received_at']}  {webhook['id']} {webhook['type']} {webhook['status']}{reason}"


def _delivery(delivery: dict[str, Any]) -> str:
    last = f", last {delivery['last_outcome']}" if "last_outcome" in delivery else ""
    attempts = f"after {delivery['attempted']} attempts{last}"
    return f"{delivery['created_at']}  {delivery['event_type']} to {delivery['endpoint']}: {delivery['status']} {attempts}"
