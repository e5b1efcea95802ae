"""What a deploy changes in the subscriptions of a running stack, and how nothing is missed by it.

A changed filter of SNS takes up to 15 minutes to hold everywhere
(https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html). An event that a subscription passes since a deploy
may be published before the filter holds; then it does not reach that consumer. It is in the table of its service, so a replay
of that time brings it. A replay of what did arrive has no effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from .. import console
from ..credentials import explained
from ..naming import kebab

# Until a changed filter holds everywhere, and a margin.
UNTIL_IT_HOLDS = timedelta(minutes=20)
# By the logical ids of topic and queue: which types pass.
Filters = dict[tuple[str, str], set[str]]


def filters(template: Mapping[str, Any]) -> Filters:
    found = {}
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::SNS::Subscription" or resource["Properties"].get("Protocol") != "sqs":
            continue
        properties = resource["Properties"]
        types = (properties.get("FilterPolicy") or {}).get("type")
        if types is not None:
            found[properties["TopicArn"]["Ref"], _queue(properties["Endpoint"])] = set(types)
    return found


def gained(before: Filters, after: Filters) -> dict[tuple[str, str], list[str]]:
    """By service and function: the types that pass from this deploy on. A new consumer is left out: it missed nothing."""
    known = {queue for _, queue in before}
    return {
        (topic.removesuffix("Topic").lower(), kebab(queue.removesuffix("Queue"))): sorted(new)
        for (topic, queue), types in sorted(after.items())
        if queue in known and (new := types - before.get((topic, queue), set()))
    }


def deployed(session: boto3.Session, stack: str) -> Filters:
    """Those of the running stack."""
    with console.waiting(f"reading the subscriptions of {stack}"), explained():
        formation = session.client("cloudformation")
        body = formation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    return filters(json.loads(body) if isinstance(body, str) else body)


def remedies(new: Mapping[tuple[str, str], list[str]], stack: str, began: datetime) -> list[str]:
    """The commands that bring what a filter missed, to be run once it holds."""
    if not new:
        return []
    until = began + UNTIL_IT_HOLDS
    lines = [f"After {_text(until)} run these, because a changed filter of SNS takes up to 15 minutes to hold everywhere:"]
    for (service, function), types in new.items():
        command = f"make replay SERVICE={service} TO={function} SINCE={_text(began)} UNTIL={_text(until)} DO=send STACK={stack}"
        lines.append(f"  {command}    # {', '.join(types)}")
    return lines


def _queue(endpoint: Mapping[str, Any]) -> str:
    target = endpoint["Fn::GetAtt"]
    return str(target[0] if isinstance(target, list) else target.split(".")[0])


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
