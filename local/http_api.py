"""A small client of Conveyor's own HTTP API: what seeding and the demo do, they do as any caller would."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from .trouble import Trouble


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any

    def expect(self, *statuses: int, what: str) -> Any:
        if self.status not in statuses:
            raise Trouble(
                f"{what} was answered {self.status}: {json.dumps(self.body)} (the functions' logs are in .local/emulator.log)."
            )
        return self.body


@dataclass(frozen=True)
class HttpApi:
    base: str
    token: str | None = None

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None, {})

    def put(self, path: str, body: Any) -> Answer:
        return self._send("PUT", path, json.dumps(body).encode(), {})

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        return self.post_bytes(path, json.dumps(body).encode(), headers or {})

    def post_bytes(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """For what is signed: the bytes must arrive as they are."""
        return self._send("POST", path, body, headers)

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        headers = {"Content-Type": "application/json", **headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.base + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=35) as answer:
                return Answer(answer.status, _parsed(answer.read()))
        except urllib.error.HTTPError as error:
            return Answer(error.code, _parsed(error.read()))
        except OSError as error:
            raise Trouble(f"{method} {path} got no answer ({error}): see .local/emulator.log.") from error


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
