"""`make limits DO=change ORDERS=5 HOURS=24`: changes how often a caller may call, for a while, without a deploy.

The limits are parameters of the stack. During an attack a deploy takes too long, so the table of limits has one item that
overrides them; each process reads it once a minute (shared/runtime/src/http/changed_limits.rs). It ends by itself, so that a
limit that was meant for an hour is not forgotten. It runs with the operator's own rights.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from typing import Any

from .credentials import explained
from .operations import table
from .trouble import Trouble

KEY = {"pk": {"S": "limits"}, "sk": {"S": "changed"}}
# The limits by the names of their policies, as answers have them, and the options that change them.
NAMES = {"orders": "orders", "requests": "requests", "admin-requests": "admin_requests"}


def run(options: argparse.Namespace) -> int:
    given = {name: getattr(options, option) for name, option in NAMES.items()}
    changed = {name: value for name, value in given.items() if value is not None}
    if options.do == "change" and not changed:
        raise Trouble("Nothing is changed: say ORDERS=…, REQUESTS=… or ADMIN_REQUESTS=…, each a number an hour.")
    if options.do != "change" and changed:
        raise Trouble(f"DO={options.do} changes no limit: say DO=change, or leave out the numbers.")
    with explained():
        dynamodb, name = table(options.stack, "limits")
        if options.do == "change":
            dynamodb.put_item(TableName=name, Item=item(changed, options.hours, time.time()))
        if options.do == "clear":
            dynamodb.delete_item(TableName=name, Key=KEY)
        found = dynamodb.get_item(TableName=name, Key=KEY, ConsistentRead=True).get("Item")
    print("\n".join(summary(found, time.time())))
    return 0


def item(per_hour: dict[str, int], hours: int, now: float) -> dict[str, Any]:
    document = json.dumps({"per_hour": per_hour}, sort_keys=True)
    return {**KEY, "document": {"S": document}, "expires_at": {"N": str(int(now) + hours * 3600)}}


def summary(found: dict[str, Any] | None, now: float) -> list[str]:
    until = int(found["expires_at"]["N"]) if found else 0
    if not found or until <= now:
        return ["The limits are those of the stack's parameters."]
    per_hour = json.loads(found["document"]["S"])["per_hour"]
    moment = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return [f"Until {moment} each caller has, in any 60 minutes, at most:"] + [
        f"    {count:6} {name}" for name, count in sorted(per_hour.items())
    ]
