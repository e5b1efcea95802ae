"""Two more implementations of DynamoDB for the contract suite: what the emulator wrongly accepts, one of them refuses.

moto is close to AWS in conditions and transactions. dynalite is strict about expressions, and has no transactions. Both keep
their data in memory and listen on loopback. `tests/contract/main.rs` says which test runs on which.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from . import console, ports, processes, tools
from .processes import Process
from .settings import LOOPBACK, STATE, clean_environment
from .trouble import Trouble

FILE = STATE / "judges.json"
# Their logical ids are their names here. No function reads their streams.
TABLES = ("NotificationsTable", "OrderViewsTable")
PARTS = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Starts both, makes their tables, and stops both at the end. The variables hold their addresses for the tests."""
    folder = tools.judges()
    stop()  # what an interrupted run left
    programs = {
        "moto": lambda port: [str(folder / "bin" / "moto_server"), "-H", LOOPBACK, "-p", port],
        "dynalite": lambda port: [
            "node",
            str(folder / "node_modules" / "dynalite" / "cli.js"),
            *("--host", LOOPBACK, "--port", port, "--createTableMs", "0"),
        ],
    }
    variables = {}
    try:
        for name, command in programs.items():
            port = ports.any_free()
            _start(name, command(str(port)))
            url = f"http://{LOOPBACK}:{port}"
            _make_tables(name, url)
            variables[f"CONVEYOR_{name.upper()}_URL"] = url
        yield variables
    finally:
        stop()


def stop() -> None:
    for process in _recorded().values():
        process.stop()
    FILE.unlink(missing_ok=True)


def _start(name: str, command: list[str]) -> None:
    started = processes.start(command, clean_environment(), STATE / f"{name}.log")
    FILE.write_text(json.dumps({key: asdict(process) for key, process in (_recorded() | {name: started}).items()}))


def _recorded() -> dict[str, Process]:
    if not FILE.exists():
        return {}
    return {name: Process(**process) for name, process in json.loads(FILE.read_text()).items()}


def _make_tables(name: str, url: str) -> None:
    from . import aws, documents  # `make down` stops the judges with the standard library alone

    database = aws.client_at("dynamodb", url)
    console.until(
        f"waiting for {name}",
        seconds=30,
        look=lambda: ports.answers(url) or _complain_if_dead(name),
        otherwise=f"{name} did not answer within 30 s: see .local/{name}.log, then try again.",
        every=0.1,
    )
    resources = documents.read_template()["Resources"]
    for table in TABLES:
        properties = resources[table]["Properties"]
        shape = {part: properties[part] for part in PARTS if part in properties}
        database.create_table(TableName=table, BillingMode="PAY_PER_REQUEST", **shape)
        database.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})


def _complain_if_dead(name: str) -> bool:
    if not _recorded()[name].is_alive():
        raise Trouble(f"{name} ended while starting: see .local/{name}.log, then try again.")
    return False
