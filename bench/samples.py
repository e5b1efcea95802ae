"""The happy sample of each HTTP and queue function, and what its tables hold before it.

The endpoint of the harness keeps nothing that is written. So every invocation finds the state that is named here, and takes
the happy path however often it runs.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from local import signing
from local.settings import ROOT

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
ENDPOINT_ID = "ep_c8a56de241a5ccd0bee7a634"


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
ENDPOINT = _document(
    "endpoints",
    f"endpoint#{ENDPOINT_ID}",
    {
        "id": ENDPOINT_ID,
        "url": "${provider}/shop",
        "description": "the shop",
        "event_types": ["*"],
        "standing": {"is": "enabled", "since": "2026-01-02T03:04:05Z"},
        "secrets": [
            {
                "secret": SECRETS["bank_webhook"],
                "created_at": "2026-01-02T03:04:05Z",
                "expires_at": None,
                "made_by": "bench",
            }
        ],
        "created_at": "2026-01-02T03:04:05Z",
        "request_digest": "bench",
    },
    version=1,
)

DELIVERY_ID = "msg_1c0ec644d0e1636cc0c7a473414a8f23"
NOW = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
DELIVERY = _document(
    f"endpoint#{ENDPOINT_ID}",
    f"delivery#{DELIVERY_ID}",
    {
        "id": DELIVERY_ID,
        "endpoint": ENDPOINT_ID,
        "kind": "order.placed",
        "body": json.dumps(
            {"type": "order.placed", "timestamp": NOW, "data": {"order_id": "0123456789abcdef0123456789abcdef"}}
        ),
        "created_at": NOW,
        "state": {"is": "pending", "next_at": NOW, "overdue_at": NOW},
        "attempts": [],
        "attempted": 0,
        "before_this_round": 0,
        "message": 1,
        "sent_at": NOW,
        "deferrals": 0,
    },
    version=1,
)

# The view of the order of `ENDED`, among those of the customer in the samples' tokens.
OWNER = ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example", "customer-1")
OWNER_DIGEST = sha256(b"".join(len(part).to_bytes(8, "big") + part.encode() for part in OWNER)).hexdigest()[:32]
VIEW = _document(
    f"customer#{OWNER_DIGEST}",
    "2026-01-02T03:04:05.000000000Z#0123456789abcdef0123456789abcdef",
    {
        "order_id": "0123456789abcdef0123456789abcdef",
        "status": "payment_failed",
        "attention": [],
        "total": 1900,
        "currency": "EUR",
        "placed_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:09Z",
    },
    version=4,
)

PLACED = ("project-orders/order-placed",)
ENDED = ("project-orders/order-placed", "plan-deliveries/payment-failed")
PAID = ("take-payment/payment-requested", "track-order/order-paid")

SAMPLES = (
    Sample("allocate-stock/order-paid"),
    Sample("cancel-order/basic", PLACED),
    Sample("carrier-webhook/tracker-updated"),
    Sample("copy-prices/product-changed"),
    Sample("deliver-webhook/first-attempt", items=(ENDPOINT, DELIVERY)),
    Sample("erase-customer/erase", ENDED, items=(VIEW,)),
    Sample("explain-order/get", PLACED),
    Sample("get-order/one", PLACED),
    Sample("get-payment/owner", PAID),
    Sample("get-readiness/get"),
    Sample("health/get"),
    Sample("issue-ticket/issue"),
    Sample("manage-callbacks/list", items=(ENDPOINT,)),
    Sample("manage-products/put"),
    Sample("manage-shipments/list"),
    Sample("manage-stock/put"),
    Sample("notify-customer/order-placed"),
    Sample("place-order/basic", items=(PRICE,)),
    Sample("plan-deliveries/order-placed", items=(ENDPOINT,)),
    Sample("push-updates/order-placed"),
    Sample("request-refund/goodwill", PAID),
    Sample("run-command/count"),
    Sample("search-orders/email", PLACED),
    Sample("serve-console/page"),
    Sample("ship-order/order-placed"),
    Sample("standard-webhook/payment-received"),
    Sample("stripe-webhook/payment-intent-succeeded"),
    Sample("take-payment/order-placed"),
    Sample("track-order/order-paid", PLACED),
    Sample("webhook-inbox/list"),
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
    """What the tables hold before the sample: an order belongs to the caller of the sample."""
    given = json.loads((EVENTS / f"{sample.name}.json").read_text())
    claims = given.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    customer = {"issuer": claims.get("iss", ""), "subject": claims.get("sub", "")}
    return [*(_event_item(name, customer) for name in sample.events), *sample.items]


def _event_item(name: str, customer: dict[str, str]) -> Item:
    """The event in a queue's or a stream's sample, which is of an order, as shared/aws/src/item.rs writes it."""
    record = json.loads((EVENTS / f"{name}.json").read_text())["Records"][0]
    text = record["dynamodb"]["NewImage"]["event"]["S"] if "dynamodb" in record else record["body"]
    envelope = json.loads(text)
    if customer["subject"] and "customer" in envelope["data"]:
        envelope["data"]["customer"] = customer
    return {
        "pk": {"S": f"order#{envelope['subject']}"},
        "sk": {"S": f"event#{envelope['sequence']:06}"},
        "type": {"S": envelope["type"]},
        "event": {"S": json.dumps(envelope)},
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
