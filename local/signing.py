"""Webhooks as their senders sign them, with the secrets of the running stack.

Used by the demo, whose carrier calls in, and by `make invoke`: a sample's own signature is of another secret and another day.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

from .state import Stack


def easypost(stack: Stack, body: bytes) -> str:
    """`X-Hmac-Signature` over the body's exact bytes."""
    secret = unicodedata.normalize("NFKD", stack.secrets["easypost_webhook"]).encode()
    return f"hmac-sha256-hex={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


def stripe(stack: Stack, body: bytes) -> str:
    """`Stripe-Signature` of now: an older one than five minutes is refused."""
    signed_at = str(int(time.time()))
    secret = stack.secrets["stripe_webhook"].encode()
    return f"t={signed_at},v1={hmac.new(secret, f'{signed_at}.'.encode() + body, hashlib.sha256).hexdigest()}"


SIGNED: dict[str, tuple[str, Callable[[Stack, bytes], str]]] = {
    "stripe-webhook": ("stripe-signature", stripe),
    "carrier-webhook": ("x-hmac-signature", easypost),
}


def signed_again(stack: Stack, function: str, sample: Path, into: Path) -> Path:
    """The sample, signed for the running stack if its function asks for a signature; else the sample as it is."""
    if function not in SIGNED:
        return sample
    header, sign = SIGNED[function]
    event = json.loads(sample.read_text())
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    others = {name: value for name, value in event["headers"].items() if name.lower() != header}
    event["headers"] = {**others, header: sign(stack, body)}
    into.write_text(json.dumps(event))
    return into
