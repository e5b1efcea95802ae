"""`make redrive FUNCTION=take-payment DO=list`: what a function set aside, with the reason; DO=requeue sends it to its queue
again, DO=discard REASON=… deletes it. IDS=… names some of it, ALL=1 takes whatever is there.

Without STACK it is the stack on this machine; with STACK=conveyor the one of that name on AWS, with this shell's credentials.
Each run looks at a bounded number and says when there may be more.
"""

from __future__ import annotations

import getpass
import json
import re
import textwrap
from typing import Any

import boto3
from botocore.config import Config

from . import aws, state
from .settings import STACK_NAME
from .trouble import Trouble

# A run may take a minute. A call that was lost is not made again by itself: one can look what it did.
PATIENT = Config(read_timeout=90, retries={"max_attempts": 0})

# Who set it aside, where it was none of our functions.
BY = {"queue": "its queue", "topic": "its topic", "platform": "the platform", "unknown": "somebody"}


def run(function: str, to_do: str, ids: str, everything: str, reason: str, stack_name: str) -> int:
    if not function:
        raise Trouble("Say whose dead letters: `make redrive FUNCTION=take-payment`. Its alarm names the function.")
    if everything not in ("", "1"):
        raise Trouble("ALL=1 means whatever is there; leave it out to name some with IDS=….")
    asked: dict[str, Any] = {"function": function, "do": to_do or "list"}
    if wanted := re.split(r"[\s,]+", ids.strip()) if ids.strip() else []:
        asked["ids"] = wanted
    if everything:
        asked["all"] = True
    if reason:
        asked["reason"] = reason
    functions, name, who = _functions(stack_name)
    told = _invoke(functions, f"{name}-redrive-dead-letters", {**asked, "by": who[:300]})
    if "letters" in told:
        _show(told)
    else:
        _report(told)
    if told["more"]:
        print("\nThere may be more than one run looks at: run it again once these are done with.")
    unsettled = any(outcome["outcome"] not in ("requeued", "discarded") for outcome in told.get("outcomes", []))
    return 1 if unsettled or told.get("not_found") else 0


def _functions(stack_name: str) -> tuple[Any, str, str]:
    if stack_name:
        who = boto3.client("sts").get_caller_identity()["Arn"]
        return boto3.client("lambda", config=PATIENT), stack_name, who
    return aws.client("lambda", state.running()), STACK_NAME, getpass.getuser()


def _invoke(functions: Any, function: str, asked: dict[str, Any]) -> dict[str, Any]:
    answer = functions.invoke(FunctionName=function, Payload=json.dumps(asked).encode())
    told = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise Trouble(f"{function}: {told.get('errorMessage', told)}.")
    return told


def _show(told: dict[str, Any]) -> None:
    letters = told["letters"]
    print(f"{told['function']} has {len(letters) or 'no'} dead letter{'' if len(letters) == 1 else 's'} to be seen.")
    for letter in letters:
        print(f"\n{letter['id']}  since {letter['since']}  {_about(letter['about'])}")
        print(_indented(f"{letter['reason']} (set aside by {BY.get(letter['set_aside_by'], letter['set_aside_by'])})"))
    # What can be done is the same for most of them, so it is said once.
    explained: dict[str, list[str]] = {}
    for letter in letters:
        explained.setdefault(letter["explain"], []).append(letter["id"])
    for explanation, ids in explained.items():
        whose = "All of them" if len(ids) == len(letters) else ", ".join(ids)
        print(f"\n{whose}:\n{_indented(explanation)}")
    for missing in told["not_found"]:
        print(f"\n{missing}  was not found")


def _report(told: dict[str, Any]) -> None:
    for outcome in told["outcomes"]:
        about = _about(outcome["about"]) if "about" in outcome else ""
        print(f"{outcome['id']}  {outcome['outcome'].replace('_', ' '):9}  {about}".rstrip())
        if "because" in outcome:
            print(_indented(outcome["because"]))
    if not told["outcomes"]:
        print(f"{told['function']} has no dead letters to be seen.")


def _about(about: dict[str, str]) -> str:
    """The event and its order, or whatever else names what it is about."""
    known = [about[name] for name in ("type", "subject") if name in about]
    others = [name for name in about if name not in ("type", "subject", "event_id")]
    named = [f"{name.removesuffix('_id')} {about[name]}" for name in others]
    return "  ".join([*known, *named]) or "–"


def _indented(text: str) -> str:
    return textwrap.fill(
        text, width=110, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
