"""`make redrive FUNCTION=take-payment`: lists a function's dead letters with their reasons. DO=requeue sends them to the
function's queue again, DO=discard REASON=… deletes them. IDS=… selects some, ALL=1 everything that one run sees.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from typing import Any

from .operations import Operator

# What moved the message to the dead-letter queue, if it was not one of our functions.
BY = {"queue": "its queue", "topic": "its topic", "platform": "the platform", "unknown": "an unknown party"}


def run(options: argparse.Namespace) -> int:
    operator = Operator(options.stack)
    command: dict[str, Any] = {"function": options.function, "do": options.do, "by": operator.caller[:300]}
    if options.ids:
        command["ids"] = [part for part in re.split(r"[\s,]+", options.ids) if part]
    if options.all:
        command["all"] = True
    if options.reason:
        command["reason"] = options.reason
    report = operator.invoke("redrive-dead-letters", command)
    if "letters" in report:
        _show(report)
    else:
        _report(report)
    if report["more"]:
        print("\nThere may be more than one run sees: run it again once these are done.")
    unsettled = any(outcome["outcome"] not in ("requeued", "discarded") for outcome in report.get("outcomes", []))
    return 1 if unsettled or report.get("not_found") else 0


def _show(report: dict[str, Any]) -> None:
    letters = report["letters"]
    print(f"{report['function']} has {len(letters) or 'no'} visible dead letter{'' if len(letters) == 1 else 's'}.")
    for letter in letters:
        print(f"\n{letter['id']}  since {letter['since']}  {_about(letter['about'])}")
        by = BY.get(letter["set_aside_by"], letter["set_aside_by"])
        logged = f"; message.id in its log lines: {letter['message_id']}" if "message_id" in letter else ""
        print(_indented(f"{letter['reason']} (dead-lettered by {by}{logged})"))
    # The explanation is the same for most of them, so it is printed once.
    explained: dict[str, list[str]] = {}
    for letter in letters:
        explained.setdefault(letter["explain"], []).append(letter["id"])
    for explanation, ids in explained.items():
        which = "All of them" if len(ids) == len(letters) else ", ".join(ids)
        print(f"\n{which}:\n{_indented(explanation)}")
    for missing in report["not_found"]:
        print(f"\n{missing}  was not found")


def _report(report: dict[str, Any]) -> None:
    for outcome in report["outcomes"]:
        about = _about(outcome["about"]) if "about" in outcome else ""
        print(f"{outcome['id']}  {outcome['outcome'].replace('_', ' '):9}  {about}".rstrip())
        if "because" in outcome:
            print(_indented(outcome["because"]))
    if not report["outcomes"]:
        print(f"{report['function']} has no visible dead letters.")


def _about(about: dict[str, str]) -> str:
    """The event and its order, or whatever else identifies the subject."""
    known = [about[name] for name in ("type", "subject") if name in about]
    others = [name for name in about if name not in ("type", "subject", "event_id")]
    named = [f"{name.removesuffix('_id')} {about[name]}" for name in others]
    return "  ".join([*known, *named]) or "–"


def _indented(text: str) -> str:
    return textwrap.fill(
        text, width=110, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
    )
