"""The payment provider as a process of its own: `python -m local.stripe_server <port> <file>`.

localstripe on its own listens on every interface and writes its whole store to disk after each request. Here it listens on
loopback only, and writes its store to the file once, when it is stopped: the next one starts with it. Its list of events
supports neither `delivery_success` nor several types: here every event counts as undelivered. What it lacks of intents is in
`stripe_intents.py`.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from localstripe.resources import Event, store
from localstripe.server import app

from . import stripe_intents
from .settings import LOOPBACK

LIST = Event._api_list_all.__func__


def _list_events(cls: type[Event], url: str, **asked: Any) -> Any:
    asked.pop("delivery_success", None)
    types = asked.pop("types", None)
    listed = LIST(cls, url, **asked)
    if types:
        listed._list = [event for event in listed._list if event.type in types]
    listed._list = listed._list[::-1]  # The newest first, as Stripe does.
    return listed


def main() -> None:
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
