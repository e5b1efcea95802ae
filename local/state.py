"""The state of the running stack: `.local/stack.json`, from `make up` until `make down`."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from .processes import Process
from .settings import LOOPBACK, STATE
from .trouble import Trouble

FILE = STATE / "stack.json"


@dataclass
class Stack:
    """Processes by name ("emulator", "stripe"), their ports, and what was deployed."""

    # The fingerprint of the tools that started it. Other versions may behave differently.
    tools: str
    ports: dict[str, int]
    processes: dict[str, Process] = field(default_factory=dict)
    # The hash of template, parameters and binaries as deployed; empty until a deploy has succeeded.
    deployed: str = ""
    # Physical ids of the stack's resources by logical id, and what HTTP clients need.
    resources: dict[str, str] = field(default_factory=dict)
    # Random passwords and signing secrets of this stack.
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['emulator']}"

    @property
    def stripe(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['stripe']}"

    @property
    def api(self) -> str:
        return f"{self.endpoint}/_aws/execute-api/{self.resources['Api']}/$default"

    @property
    def live_endpoint(self) -> str:
        return f"ws://{LOOPBACK}:{self.ports['emulator']}/_aws/execute-api"

    @property
    def live(self) -> str:
        return f"{self.live_endpoint}/{self.resources['LiveApi']}/live"

    @property
    def console(self) -> str:
        return f"{self.api}/console"

    def is_up(self) -> bool:
        return self.deployed != "" and self.is_alive()

    def is_alive(self) -> bool:
        return all(process.is_alive() for process in self.processes.values())

    def save(self) -> None:
        STATE.mkdir(exist_ok=True)
        beside = FILE.with_suffix(".new")
        # It holds secrets: other users of the machine must not read it.
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(asdict(self), indent=1))
        beside.replace(FILE)


def load() -> Stack | None:
    try:
        written: dict[str, Any] = json.loads(FILE.read_text())
        written["processes"] = {name: Process(**process) for name, process in written["processes"].items()}
        return Stack(**written)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise Trouble(
            f"{FILE.name} in .local/ cannot be read ({error}): stop the remaining processes yourself, then remove the folder."
        ) from error


def running() -> Stack:
    """The stack that is up. Without one, the caller cannot continue."""
    stack = load()
    if stack is None or not stack.is_up():
        raise Trouble("The local stack is not up: start it with `make up`.")
    return stack


def is_up() -> bool:
    stack = load()
    return stack is not None and stack.is_up()


def forget() -> None:
    FILE.unlink(missing_ok=True)


@contextmanager
def only_one() -> Iterator[None]:
    """Holds a lock: two concurrent `make up` would start everything twice and deploy over each other."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Trouble("Another `make` is starting or stopping this stack: wait for it to end.") from error
        yield
