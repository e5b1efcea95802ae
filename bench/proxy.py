"""A proxy between the functions and the emulator that counts their requests, independently of Conveyor's own code:
`python -m bench.proxy <port> <endpoint of the emulator>`.

It knows AWS's wire formats and DynamoDB's rules for units, and nothing of Conveyor. `POST /_tables` sets the indexes of the
tables; `GET /_counted` returns what was counted since the last call.

- A write costs a unit for each started KiB of the larger image, also if its condition fails; twice as much in a transaction.
- An index costs one write for an entry that appears, disappears or changes what is projected, and two for one that moves.
- A consistent read costs a unit for each started 4 KiB, another half of it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

Item = dict[str, dict[str, Any]]
LOOPBACK = "127.0.0.1"


def value_bytes(value: dict[str, Any]) -> int:
    (kind, content), *_ = value.items()
    if kind == "N":
        return (sum(digit.isdigit() for digit in content) + 1) // 2 + 1
    return len(content.encode()) if kind == "S" else 1


def item_bytes(item: Item) -> int:
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def started(size: int, of: int) -> int:
    return max(1, -(-size // of))


class Meter:
    """What was counted, and the items as they were last put."""

    def __init__(self) -> None:
        self.indexes: dict[str, list[dict[str, Any]]] = {}
        self.items: dict[tuple[str, str, str], Item] = {}
        self.reset()

    def reset(self) -> None:
        self.requests: Counter[str] = Counter()
        self.units = {"item_writes": 0, "index_writes": 0, "read_halves": 0}
        self.unknown: list[str] = []
        # The write units of each kind of item.
        self.kinds: Counter[str] = Counter()

    def counted(self) -> dict[str, Any]:
        return {"requests": dict(self.requests), **self.units, "unknown": self.unknown, "kinds": dict(self.kinds)}

    def dynamodb(self, operation: str, asked: Any, status: int, answer: Any) -> None:
        self.requests[f"DynamoDB.{operation}"] += 1
        handler = getattr(self, f"_{operation}", None)
        if handler is None:
            self.unknown.append(operation)
        else:
            handler(asked, status, answer)

    def _put(self, table: str, new: Item, times: int, is_written: bool) -> None:
        place = (table, new["pk"]["S"], new["sk"]["S"])
        old = self.items.get(place)
        units = times * started(max(item_bytes(new), item_bytes(old or {})), 1024)
        self.units["item_writes"] += units
        kind = "/".join(part.partition("#")[0] for part in place[1:])
        self.kinds[f"{table} {kind} {new.get('type', {}).get('S', '')} {item_bytes(new)} B"] += units
        if is_written:
            self._index(table, old, new, times)
            self.items[place] = new

    def _index(self, table: str, old: Item | None, new: Item | None, times: int) -> None:
        for index in self.indexes.get(table, []):
            before, after = projected(index, old), projected(index, new)
            if before == after:
                continue
            if before and after and any(before[name] != after[name] for name in index["key"]):
                units = started(item_bytes(before), 1024) + started(item_bytes(after), 1024)
            else:
                units = started(max(item_bytes(before or {}), item_bytes(after or {})), 1024)
            self.units["index_writes"] += times * units

    def _PutItem(self, asked: Any, status: int, _: Any) -> None:
        self._put(asked["TableName"], asked["Item"], 1, status == 200)

    def _DeleteItem(self, asked: Any, status: int, _: Any) -> None:
        table, key = asked["TableName"], asked["Key"]
        old = self.items.pop((table, key["pk"]["S"], key["sk"]["S"]), None)
        self.units["item_writes"] += started(item_bytes(old or {}), 1024)
        if status == 200:
            self._index(table, old, None, 1)

    def _UpdateItem(self, asked: Any, _: int, __: Any) -> None:
        self.units["item_writes"] += self._updated(asked)

    def _TransactWriteItems(self, asked: Any, status: int, _: Any) -> None:
        for action in asked["TransactItems"]:
            if "Put" in action:
                self._put(action["Put"]["TableName"], action["Put"]["Item"], 2, status == 200)
            else:
                self.units["item_writes"] += 2 * self._updated(action["Update"])

    def _updated(self, update: Any) -> int:
        """Of items of a few numbers. A larger one would have to be read."""
        values = update.get("ExpressionAttributeValues", {}).values()
        size = item_bytes(update["Key"]) + sum(map(value_bytes, values)) + 200
        if size > 1024:
            self.unknown.append("an update of a large item")
        return 1

    def _GetItem(self, asked: Any, _: int, answer: Any) -> None:
        self._read(item_bytes(answer.get("Item", {})), asked.get("ConsistentRead", False))

    def _Query(self, asked: Any, _: int, answer: Any) -> None:
        self._read(sum(map(item_bytes, answer.get("Items", []))), asked.get("ConsistentRead", False))

    def _BatchGetItem(self, asked: Any, _: int, answer: Any) -> None:
        for table, keys in asked["RequestItems"].items():
            found = answer.get("Responses", {}).get(table, [])
            for item in [*found, *[{}] * (len(keys["Keys"]) - len(found))]:
                self._read(item_bytes(item), keys.get("ConsistentRead", False))

    def _read(self, size: int, is_consistent: bool) -> None:
        self.units["read_halves"] += started(size, 4096) * (2 if is_consistent else 1)


def projected(index: dict[str, Any], item: Item | None) -> Item | None:
    if item is None or any(name not in item for name in index["key"]):
        return None
    return {name: item[name] for name in ("pk", "sk", *index["key"], *index["more"]) if name in item}


class Proxy:
    def __init__(self, target: str) -> None:
        self._target = target
        self._meter = Meter()

    async def tables(self, request: web.Request) -> web.Response:
        self._meter.indexes = await request.json()
        return web.json_response({})

    async def counted(self, _: web.Request) -> web.Response:
        counted = self._meter.counted()
        self._meter.reset()
        return web.json_response(counted)

    async def forward(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() != "accept-encoding"}
        url = f"{self._target}{request.raw_path}"
        async with request.app["client"].request(request.method, url, headers=headers, data=body) as answer:
            received = await answer.read()
            hidden = ("content-length", "transfer-encoding", "content-encoding", "connection", "date", "server")
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in hidden}
            self._count(request, body, answer.status, received)
            return web.Response(status=answer.status, body=received, headers=kept)

    def _count(self, request: web.Request, body: bytes, status: int, received: bytes) -> None:
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if service.startswith("DynamoDB_"):
            self._meter.dynamodb(operation, json.loads(body), status, json.loads(received or b"{}"))
        elif service:
            self._meter.requests[f"{service}.{operation}"] += 1
        elif b"Action=" in body:
            self._meter.requests[f"SNS.{parse_qs(body.decode())['Action'][0]}"] += 1
        else:
            self._meter.requests[f"{request.method} {request.path}"] += 1


async def _client(app: web.Application) -> Any:
    async with aiohttp.ClientSession(auto_decompress=True) as client:
        app["client"] = client
        yield


def main() -> None:
    proxy = Proxy(sys.argv[2])
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.cleanup_ctx.append(_client)
    app.router.add_post("/_tables", proxy.tables)
    app.router.add_get("/_counted", proxy.counted)
    app.router.add_route("*", "/{path:.*}", proxy.forward)
    web.run_app(app, host=LOOPBACK, port=int(sys.argv[1]), print=None, shutdown_timeout=0.1)


if __name__ == "__main__":
    main()
