"""The payment provider as a process of its own: `python -m local.stripe_server <port>`.

localstripe by itself listens on every interface and writes its whole store to disk after each request. We want neither:
it listens on loopback only, and forgets everything when it stops.
"""

from __future__ import annotations

import sys

from aiohttp import web
from localstripe.resources import store
from localstripe.server import app

from .settings import LOOPBACK


def main() -> None:
    type(store).dump_to_disk = lambda self: None
    web.run_app(app, host=LOOPBACK, port=int(sys.argv[1]), print=None, shutdown_timeout=0.1)


if __name__ == "__main__":
    main()
