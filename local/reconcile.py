"""`make reconcile SINCE=2026-11-24T00:00:00Z`: asks Stripe for events that it could not deliver, until there are no more.

Without STACK it is the stack on this machine; with STACK=conveyor the one of that name on AWS, with this shell's credentials.
Each run of the function takes a bounded number of events and says where to go on. Running it twice changes nothing.
"""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config

from . import aws, state
from .settings import STACK_NAME
from .trouble import Trouble


def run(since: str, stack_name: str) -> int:
    if not since:
        raise Trouble("Say since when: `make reconcile SINCE=2026-11-24T00:00:00Z`. Stripe lists the last 30 days.")
    functions, name = _functions(stack_name)
    asked = {"since": since}
    total = dict.fromkeys(("found", "new", "known", "refused"), 0)
    while True:
        report = _invoke(functions, f"{name}-reconcile-stripe", asked)
        total = {count: total[count] + report[count] for count in total}
        if not report["next"]:
            break
        asked["after"] = report["next"]
        print(f"{total['found']} so far, going on after {report['next']}", flush=True)
    print(
        f"{total['found']} events since {since} were not delivered: {total['new']} are new here, {total['known']} were known, "
        f"{total['refused']} were refused (of the other mode, or no event)."
    )
    return 0


def _functions(stack_name: str) -> tuple[Any, str]:
    if stack_name:
        return boto3.client("lambda", config=Config(read_timeout=330, retries={"max_attempts": 0})), stack_name
    return aws.client("lambda", state.running()), STACK_NAME


def _invoke(functions: Any, function: str, asked: dict[str, str]) -> dict[str, Any]:
    answer = functions.invoke(FunctionName=function, Payload=json.dumps(asked).encode())
    told = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise Trouble(f"{function} failed: {told.get('errorMessage', told)}. What it has done stays; run it again.")
    return told
