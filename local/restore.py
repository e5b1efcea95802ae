"""`make restore TABLE=orders FROM=<table>`: copies back what a table lacks, from a table that a backup was restored into.

A restore makes a new table, without stream, alarms or the functions' grants. So the stack keeps its own one, and gets back the
items that it lacks. An item that it has is left alone: it may be newer, or erased. A copied item has the attribute
`restored_at`, and no stream reader takes it for news. A copy names the kinds of items, because a document that is missing may
have been deleted on purpose. No function may write every item of a table, so this runs with the operator's own rights.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from . import console
from .credentials import explained
from .operations import table
from .trouble import Trouble

# What `BatchGetItem` takes at once.
AT_ONCE = 100
Item = dict[str, Any]


@dataclass
class Found:
    """What the backup has, by the kinds of its items."""

    present: int = 0
    expired: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    copied: Counter[str] = field(default_factory=Counter)


def run(options: argparse.Namespace) -> int:
    kinds = {part.strip() for part in (options.kinds or "").split(",") if part.strip()}
    if options.do == "copy" and not kinds:
        raise Trouble("A copy needs KINDS=…: the kinds of items, as the plan lists them, for example KINDS='order# event#'.")
    with explained():
        dynamodb, live = table(options.stack, options.table)
        if live == options.source:
            raise Trouble(f"{live} is the table of the stack itself: FROM=… is the table that the backup was restored into.")
        found = compare(dynamodb, live, options.source, kinds if options.do == "copy" else set())
    print("\n".join(summary(found)))
    return 0


def compare(dynamodb: Any, live: str, source: str, to_copy: set[str]) -> Found:
    """Reads the whole backup, and copies the items of these kinds that the live table lacks."""
    found, now = Found(), time.time()
    restored_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with console.waiting(f"comparing {source} with {live}"):
        for items in _pages(dynamodb, source):
            present = _present(dynamodb, live, items)
            for item in items:
                if _key(item) in present:
                    found.present += 1
                elif "expires_at" in item and float(item["expires_at"]["N"]) < now:
                    found.expired += 1
                else:
                    found.missing[kind(item)] += 1
                    if kind(item) in to_copy and _put(dynamodb, live, {**item, "restored_at": {"S": restored_at}}):
                        found.copied[kind(item)] += 1
    return found


def summary(found: Found) -> list[str]:
    lines = [f"The table has {found.present} items of the backup; {found.expired} have expired."]
    lines.append("It lacks:" if found.missing else "It lacks none.")
    for name, count in sorted(found.missing.items()):
        copied = f", {found.copied[name]} of them copied back" if found.copied[name] else ""
        lines.append(f"    {count:6} {name}{copied}")
    return lines


def kind(item: Item) -> str:
    """`order# event#`: what the partition key and the sort key begin with."""
    return " ".join(f"{key.split('#', 1)[0]}#" if "#" in key else key for key in _key(item))


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _pages(dynamodb: Any, table: str) -> Iterator[list[Item]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, PaginationConfig={"PageSize": AT_ONCE}):
        if page["Items"]:
            yield page["Items"]


def _present(dynamodb: Any, table: str, items: list[Item]) -> set[tuple[str, str]]:
    """The keys of those items that the table has."""
    wanted = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
    found: set[tuple[str, str]] = set()
    while wanted:
        request = {table: {"Keys": wanted, "ConsistentRead": True, "ProjectionExpression": "pk, sk"}}
        answer = dynamodb.batch_get_item(RequestItems=request)
        found |= {_key(item) for item in answer["Responses"].get(table, [])}
        wanted = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
    return found


def _put(dynamodb: Any, table: str, item: Item) -> bool:
    """`False`: another process has written it meanwhile."""
    try:
        dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
