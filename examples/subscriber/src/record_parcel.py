"""Records each parcel that left or arrived: one item an order in this consumer's own table.

Trigger: `Shipped` and `Delivered` of Conveyor, in a queue of this stack. They may be duplicate or reordered: each event sets
fields of its own, so a second delivery and any order of arrival lead to the same item.

A message that cannot be handled returns to the queue alone. After ten receipts the queue dead-letters it.
"""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

# What this code reads, by type. A newer version returns to the queue, and after ten receives it is a dead letter: send those
# back (`aws sqs start-message-move-task`) once this consumer reads that version.
VERSIONS = {"Shipped": 1, "Delivered": 1}

table = boto3.resource("dynamodb", endpoint_url=os.environ.get("AWS_ENDPOINT_URL")).Table(os.environ["TABLE_NAME"])

for kind, version in json.loads(os.environ["CONTRACT"]).items():
    if version > VERSIONS.get(kind, version):
        print(json.dumps({"level": "WARN", "message": f"{kind} has version {version}; this code reads {VERSIONS[kind]}"}))


def handler(batch: dict[str, Any], _context: object) -> dict[str, Any]:
    failed = []
    for record in batch["Records"]:
        try:
            record_event(json.loads(record["body"]))
        except Exception as error:  # one message must not fail the others of its batch
            print(json.dumps({"level": "ERROR", "message_id": record["messageId"], "error": repr(error)}))
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def record_event(event: dict[str, Any]) -> None:
    """Raises an error for a version that this code does not read; ignores types that it does not handle."""
    kind = event["type"]
    if kind not in VERSIONS:
        return
    if event["dataversion"] > VERSIONS[kind]:
        raise ValueError(f"{event['id']} has version {event['dataversion']} of {kind}")
    fields = {"order_url": f"{os.environ['API_URL']}/orders/{event['subject']}"}
    if kind == "Shipped":
        fields |= {
            "shipped_at": event["time"],
            "carrier": event["data"]["carrier"],
            "tracking_code": event["data"]["tracking_code"],
        }
    else:
        fields |= {"delivered_at": event["time"]}
    table.update_item(
        Key={"order_id": event["subject"]},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
        ExpressionAttributeNames={f"#{name}": name for name in fields},
        ExpressionAttributeValues={f":{name}": value for name, value in fields.items()},
    )
