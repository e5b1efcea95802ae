"""`make reconcile SINCE=2026-11-24T00:00:00Z`: fetches the events that Stripe could not deliver and stores them in the inbox.

Each run of the function takes a bounded number of events and returns where to continue. Running it twice changes nothing.
"""

from __future__ import annotations

from .operations import Operator


def run(since: str, stack_name: str | None) -> int:
    operator = Operator(stack_name)
    command = {"since": since}
    total = dict.fromkeys(("found", "new", "known", "refused"), 0)
    while True:
        report = operator.invoke("reconcile-stripe", command)
        total = {count: total[count] + report[count] for count in total}
        if not report["next"]:
            break
        command["after"] = report["next"]
        print(f"{total['found']} so far, continuing after {report['next']}", flush=True)
    print(
        f"{total['found']} events since {since} were not delivered: {total['new']} are new here, {total['known']} were known, "
        f"{total['refused']} were refused (of the other mode, or no event)."
    )
    return 0
