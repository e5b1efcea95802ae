"""The payment provider as a process of its own: `python -m local.stripe_server <port> <file>`.

localstripe on its own listens on every interface and writes its whole store to disk after each request. Here it listens on
loopback only, and writes its store to the file once, when it is stopped: the next one starts with it. Its list of events
supports neither `delivery_success` nor several types: here every event counts as undelivered. What it lacks of intents is in
`stripe_intents.py`.

For the shop's page it also does what Stripe does and localstripe does not: a browser makes a payment method with a
publishable key, and a 3-D Secure that failed is reported by a webhook.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from localstripe.resources import Event, PaymentIntent, PaymentMethod, store
from localstripe.server import api_create, app, get_post_data
from localstripe.webhooks import schedule_webhook

from . import stripe_intents
from .settings import LOOPBACK, ROOT

LIST = Event._api_list_all.__func__
# Appended to localstripe's own script.
SCRIPT = ROOT / "local" / "stripe_browser.js"
# localstripe asks for no secret key below this path.
BROWSER = "/js.stripe.com"


def _list_events(cls: type[Event], url: str, **asked: Any) -> Any:
    asked.pop("delivery_success", None)
    types = asked.pop("types", None)
    listed = LIST(cls, url, **asked)
    if types:
        listed._list = [event for event in listed._list if event.type in types]
    listed._list = listed._list[::-1]  # The newest first, as Stripe does.
    return listed


@web.middleware
async def _as_stripe_does(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith(f"{BROWSER}/v1/"):
        data = await get_post_data(request, remove_auth=False)
        if not str(data.get("key", "")).startswith("pk_"):
            return web.json_response({"error": {"message": "a browser needs a publishable key"}}, status=401)
    answer = await handler(request)
    if request.path == f"{BROWSER}/v3/":
        answer.text += SCRIPT.read_text()
    if request.path.endswith("/_authenticate"):
        intent = PaymentIntent._api_retrieve(request.match_info["id"])
        if intent._authentication_failed:
            schedule_webhook(Event("payment_intent.payment_failed", intent))
    return answer


def main() -> None:
    app.router.add_post(f"{BROWSER}/v1/payment_methods", api_create(PaymentMethod, "/v1/payment_methods"))
    app.middlewares.append(_as_stripe_does)
    Event._api_list_all = classmethod(_list_events)
    stripe_intents.extend()
    stripe_intents.replace_routes(app)
    type(store).dump_to_disk = lambda self: None
    port, kept = int(sys.argv[1]), Path(sys.argv[2])
    if kept.exists():
        # Written by this program, below the folder of the running stack.
        store.update(pickle.loads(kept.read_bytes()))
    web.run_app(app, host=LOOPBACK, port=port, print=None, shutdown_timeout=0.1)
    kept.write_bytes(pickle.dumps(dict(store)))


if __name__ == "__main__":
    main()
