"""A receiver of Conveyor's webhooks in Python, as a shop would write one: it verifies with the official library and
prints each call to its standard output. `REFUSE_FIRST` makes it refuse its first calls. It prints its port first and ends when
its input ends."""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
refusals = int(os.environ.get("REFUSE_FIRST", "0"))
lock = threading.Lock()


def report(**call: object) -> None:
    print(json.dumps(call), flush=True)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        global refusals
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = webhook.verify(body, dict(self.headers))
        except WebhookVerificationError as error:
            report(verified=False, reason=str(error))
            self.answer(400)
            return
        with lock:
            refused, refusals = refusals > 0, max(0, refusals - 1)
            # Here a shop checks whether it has handled this webhook-id. If not, it handles the event and keeps the id.
            report(verified=True, id=self.headers["webhook-id"], type=event["type"], data=event["data"], refused=refused)
        self.answer(503 if refused else 204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
report(port=server.server_port)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
