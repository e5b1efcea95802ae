"""The happy sample of each HTTP and queue function, and what its tables hold before it.

The endpoint of the harness keeps nothing that is written. So every invocation finds the state that is named here, and takes
the happy path however often it runs.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from local import signing
from local.settings import ROOT
from local.trouble import Trouble

Item = dict[str, Any]

EVENTS = ROOT / "events"
STACK = "bench"
# The signatures of the webhooks here are made with these.
SECRETS = {
    "stripe_webhook": "whsec_bench",
    "easypost_webhook": "bench",
    "bank_webhook": "whsec_" + base64.b64encode(b"bench" * 6).decode(),
}
SENDERS = "bank:payments"
OPEN_ENDPOINT = "ep_c8a56de241a5ccd0bee7a634"


@dataclass(frozen=True)
class Sample:
    """A sample by its name, and the state before it: the samples whose events are in the table, and further items."""

    name: str
    events: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def function(self) -> str:
        return self.name.split("/")[0]


def _document(pk: str, sk: str, body: Any, **numbers: int) -> Item:
    """As shared/aws/src/item.rs writes a document."""
    item = {"pk": {"S": pk}, "sk": {"S": sk}, "document": {"S": json.dumps(body)}}
    return item | {name: {"N": str(value)} for name, value in numbers.items()}


PRICE = _document("sku#TEA-01", "price", {"price": 950, "currency": "EUR", "weight_grams": 120, "active": True}, version=1)
STOCK = {"pk": {"S": "stock#TEA-01"}, "sk": {"S": "stock"}, "on_hand": {"N": "100"}, "version": {"N": "1"}}

SAMPLES = (
    Sample("place-order/basic", items=(PRICE,)),
    Sample("stripe-webhook/payment-intent-succeeded"),
)


def event(sample: Sample) -> str:
    """The sample's event, signed with our secrets. `@N@` becomes a number of each invocation."""
    path = EVENTS / f"{sample.name}.json"
    given = json.loads(path.read_text())
    if sample.function in signing.SIGNED:
        stack: Any = SimpleNamespace(secrets=SECRETS)
        headers = signing.SIGNED[sample.function](stack, given, given["body"].encode())
        given["headers"] |= headers
    if sample.function == "place-order":
        # Each is another order, of a caller that placed none lately: no request finds an order or a limit of the one before.
        given["headers"]["idempotency-key"] = "bench-@N@"
        given["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = "customer-@N@"
    return json.dumps(given)


def items(sample: Sample) -> list[Item]:
    """What the tables hold before the sample."""
    return [*(_event_item(name) for name in sample.events), *sample.items]


def _event_item(name: str) -> Item:
    """The event in a queue's or a stream's sample, as shared/aws/src/item.rs writes it."""
    record = json.loads((EVENTS / f"{name}.json").read_text())["Records"][0]
    if "dynamodb" in record:
        return record["dynamodb"]["NewImage"]
    envelope = json.loads(record["body"])
    service = envelope["source"].split("/")[1]
    entity = {"orders": "order", "payments": "payment"}.get(service)
    if entity is None:
        raise Trouble(f"bench/samples.py does not know the streams of {service}.")
    return {
        "pk": {"S": f"{entity}#{envelope['subject']}"},
        "sk": {"S": f"event#{envelope['sequence']:06}"},
        "type": {"S": envelope["type"]},
        "event": {"S": record["body"]},
    }


def secrets() -> dict[str, str]:
    """The values of the stack's secrets by their whole names."""
    values = {
        "stripe-api-key": "sk_test_bench",
        "stripe-webhook-secret": SECRETS["stripe_webhook"],
        "easypost-webhook-secret": SECRETS["easypost_webhook"],
        "standard-webhook/bank": SECRETS["bank_webhook"],
    }
    return {f"{STACK}/{name}": value for name, value in values.items()}
