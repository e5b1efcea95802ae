"""`make invoke F=place-order E=events/place-order/basic.json`: one function by hand, with the running stack around it.

The function is compiled and started by `cargo lambda watch`, outside the emulator, with the environment that the deployed one
has. So a change can be tried in seconds, under a debugger if need be, and its output is on the screen.
"""

from __future__ import annotations

import socket
import subprocess

from . import aws, build, console, ports, processes, signing, tools
from .settings import LOOPBACK, ROOT, STACK_NAME, STATE, aws_environment
from .state import Stack
from .trouble import Trouble

LOG = STATE / "watch.log"


def run(stack: Stack, function: str, event: str) -> int:
    if not function or not event:
        raise Trouble("Say which function and which event: `make invoke F=place-order E=events/place-order/basic.json`.")
    path = ROOT / event
    if not path.is_file():
        raise Trouble(f"There is no file {event}: the sample events are in {_samples(function)}.")
    environment = _environment(stack, function)
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
        # The first invocation compiles the function, and says nothing until that is done.
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
            f"{answer.stderr.strip()}\nThe function answered with an error: what it said is above, and in .local/watch.log."
        )
    return answer.returncode


def _environment(stack: Stack, function: str) -> dict[str, str]:
    client = aws.client("lambda", stack)
    try:
        told = client.get_function_configuration(FunctionName=f"{STACK_NAME}-{function}")
    except client.exceptions.ResourceNotFoundException as error:
        raise Trouble(f"There is no function `{function}`: the folder names in target/lambda/ are their names.") from error
    return {**aws_environment(stack.endpoint), **told["Environment"]["Variables"], "PATH": tools.path_with_tools()}


def _samples(function: str) -> str:
    folder = ROOT / "events" / function
    return f"events/{function}/: {', '.join(sorted(path.name for path in folder.iterdir()))}" if folder.is_dir() else "events/"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _complain_if_dead(watch: processes.Process) -> bool:
    if not watch.is_alive():
        raise Trouble("`cargo lambda watch` ended at once: see .local/watch.log.")
    return False
