"""`make invoke F=place-order E=events/place-order/basic.json`: runs one function with one event, against the running stack.

`cargo lambda watch` compiles the function and runs it outside the emulator, with the deployed function's environment. A change
can be tried in seconds, also under a debugger, with its output on the screen. It is the real stack: an event that the function
appends is published, and other functions react to it.
"""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

from . import aws, build, console, ports, processes, signing, tools
from .settings import LOOPBACK, ROOT, STACK_NAME, STATE, aws_environment
from .state import Stack
from .trouble import Trouble

LOG = STATE / "watch.log"


def run(stack: Stack, function: str, event: str) -> int:
    environment = _environment(stack, function)
    path = ROOT / event
    if not path.is_file():
        raise Trouble(f"There is no file {event}: the sample events are in {_samples(function)}.")
    _check_trigger(function, path)
    console.say(
        "  note: this runs against the local stack, and what it writes is published. A sample is about an order that does not\n"
        "  exist there, so functions that react to it may dead-letter its events: see `make redrive FUNCTION=…`."
    )
    path = signing.signed_again(stack, function, path, into=STATE / "signed.json")
    port = ports.any_free()
    cargo = ["cargo", "lambda"]
    where = ["--invoke-address", LOOPBACK, "--invoke-port", str(port)]
    watch = processes.start(
        [
            *cargo,
            "watch",
            *where,
            "--ignore-changes",
            "--bin",
            function,
            "--profile",
            build.PROFILE,
            "--target",
            build.host(),
        ],
        environment,
        LOG,
    )
    try:
        console.until(
            "waiting for `cargo lambda watch`",
            seconds=60,
            look=lambda: _listens(port) or _complain_if_dead(watch),
            otherwise="`cargo lambda watch` did not start within 60 s: see .local/watch.log.",
        )
        # The first invocation compiles the function and prints nothing until that is done.
        with console.waiting(f"compiling and invoking {function}"):
            answer = subprocess.run(
                [*cargo, "invoke", function, *where, "--data-file", str(path)],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
            )
    finally:
        watch.stop()
    console.say(LOG.read_text(errors="replace").rstrip())
    print(answer.stdout, end="")
    if answer.returncode != 0:
        console.complain(
            f"{answer.stderr.strip()}\nThe function returned an error: its output is above and in .local/watch.log."
        )
    return answer.returncode


def _environment(stack: Stack, function: str) -> dict[str, str]:
    client = aws.client("lambda", stack)
    try:
        deployed = client.get_function_configuration(FunctionName=f"{STACK_NAME}-{function}")
    except client.exceptions.ResourceNotFoundException as error:
        raise Trouble(f"There is no function `{function}`. The functions are {', '.join(_functions())}.") from error
    return {**aws_environment(stack.endpoint), **deployed["Environment"]["Variables"], "PATH": tools.path_with_tools()}


def _functions() -> list[str]:
    return sorted(folder.name for folder in (ROOT / "events").iterdir() if folder.is_dir())


def _check_trigger(function: str, path: Path) -> None:
    """The event must have the shape of the function's own samples. Else the function only reports a missing field."""
    try:
        event = json.loads(path.read_text())
    except ValueError as error:
        raise Trouble(f"{path.name} is not JSON: {error}.") from error
    samples = sorted((ROOT / "events" / function).glob("*.json"))
    expected = {_trigger(json.loads(sample.read_text())) for sample in samples}
    if expected and _trigger(event) not in expected:
        raise Trouble(
            f"{path.name} is {_trigger(event)}, and `{function}` is triggered by {' or '.join(sorted(expected))}: "
            f"the sample events are in {_samples(function)}."
        )


def _trigger(event: Any) -> str:
    """The kind of trigger whose event has this shape."""
    if not isinstance(event, dict):
        return "no event"
    if "requestContext" in event:
        return "an HTTP request"
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        source = records[0].get("eventSource")
        return {"aws:sqs": "a queue's batch", "aws:dynamodb": "a table's stream batch"}.get(source, f"a batch of {source}")
    return "a schedule's event" if "detail-type" in event else "a command"


def _samples(function: str) -> str:
    folder = ROOT / "events" / function
    return f"events/{function}/: {', '.join(sorted(path.name for path in folder.iterdir()))}" if folder.is_dir() else "events/"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _complain_if_dead(watch: processes.Process) -> bool:
    if not watch.is_alive():
        raise Trouble("`cargo lambda watch` ended while starting: see .local/watch.log.")
    return False
