"""The payment provider as a process of its own: `python -m local.stripe_server <port>`.

localstripe on its own listens on every interface and writes its whole store to disk after each request. Here it listens on
loopback only and keeps nothing after it stops. Its list of events supports neither `delivery_success` nor several types: here
every event counts as undelivered.
"""

from __future__ import annotations

import sys
from typing import Any

from aiohttp import web
from localstripe.resources import Event, store
from localstripe.server import app

from .settings import LOOPBACK

LIST = Event._api_list_all.__func__


def _list_events(cls: type[Event], url: str, **asked: Any) -> Any:
    asked.pop("delivery_success", None)
    types = asked.pop("types", None)
    listed = LIST(cls, url, **asked)
    if types:
        listed._list = [event for event in listed._list if event.type in types]
    return listed


def main() -> None:
    Event._api_list_all = classmethod(_list_events)
    type(store).dump_to_disk = lambda self: None
    web.run_app(app, host=LOOPBACK, port=int(sys.argv[1]), print=None, shutdown_timeout=0.1)


if __name__ == "__main__":
    main()
