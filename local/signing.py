"""Webhooks as their senders sign them, with the secrets of the running stack.

Used by the demo for its carrier's webhook, and by `make invoke`: the signature in a sample has another secret and is too old.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import unicodedata
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .state import Stack

Headers = dict[str, str]


def easypost(stack: Stack, body: bytes) -> str:
    """`X-Hmac-Signature` over the body's exact bytes."""
    secret = unicodedata.normalize("NFKD", stack.secrets["easypost_webhook"]).encode()
    return f"hmac-sha256-hex={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


def stripe(stack: Stack, body: bytes) -> str:
    """`Stripe-Signature` with the present time: one older than five minutes is refused."""
    signed_at = str(int(time.time()))
    secret = stack.secrets["stripe_webhook"].encode()
    return f"t={signed_at},v1={hmac.new(secret, f'{signed_at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def standard(stack: Stack, sender: str, body: bytes) -> Headers:
    """The three headers of Standard Webhooks, with the present time and this sender's secret."""
    message_id, signed_at = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(stack.secrets[f"{sender}_webhook"].removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, f"{message_id}.{signed_at}.".encode() + body, hashlib.sha256).digest())
    return {"webhook-id": message_id, "webhook-timestamp": signed_at, "webhook-signature": f"v1,{signature.decode()}"}


# By function: computes the signature headers from the sample and its body's exact bytes.
SIGNED: dict[str, Callable[[Stack, Any, bytes], Headers]] = {
    "stripe-webhook": lambda stack, _, body: {"stripe-signature": stripe(stack, body)},
    "carrier-webhook": lambda stack, _, body: {"x-hmac-signature": easypost(stack, body)},
    "standard-webhook": lambda stack, event, body: standard(stack, event["pathParameters"]["source"], body),
}


def signed_again(stack: Stack, function: str, sample: Path, into: Path) -> Path:
    """The sample, signed for the running stack if its function verifies signatures; else the sample as it is."""
    if function not in SIGNED:
        return sample
    event = json.loads(sample.read_text())
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    signed = SIGNED[function](stack, event, body)
    others = {name: value for name, value in event["headers"].items() if name.lower() not in signed}
    event["headers"] = {**others, **signed}
    into.write_text(json.dumps(event))
    return into
