"""Starts, finds and stops the two servers of the stack: the AWS emulator and the payment provider, both on loopback."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import console, judges, ports, processes, state, tools
from .settings import LOOPBACK, STATE, aws_settings, clean_environment
from .state import Stack
from .trouble import Trouble

SCRATCH = STATE / "tmp"


def start(counting: bool = False) -> Stack:
    """Keeps servers that are running, with their ports and data. If one has died, both start anew.

    `counting`: the functions reach the emulator through a proxy that counts their requests.
    """
    stack = state.load()
    if stack and stack.is_alive() and stack.tools == tools.fingerprint("stack"):
        console.say("  the emulator and the payment provider are running already")
        return stack
    if stack:
        console.say("  a server of the last stack has died or has another version: starting anew")
        stop(stack)
    stack = Stack(tools=tools.fingerprint("stack"), ports=ports.choose())
    if counting:
        stack.ports["proxy"] = ports.any_free()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    # Saved before the second one starts, so that `make down` always finds the first.
    stack.processes["emulator"] = processes.start(
        [str(tools.program("stack", "ministack"))], _emulator_environment(stack), log("emulator")
    )
    stack.save()
    start_stripe(stack)
    if counting:
        command = [str(tools.program("stack", "python")), "-m", "bench.proxy", str(stack.ports["proxy"]), stack.endpoint]
        stack.processes["proxy"] = processes.start(command, clean_environment(), log("proxy"))
        stack.save()
    return stack


def start_stripe(stack: Stack) -> None:
    """Starts the payment provider. It remembers what one that was stopped knew, but not where to send webhooks."""
    kept = SCRATCH / "stripe"
    command = [str(tools.program("stack", "python")), "-m", "local.stripe_server", str(stack.ports["stripe"]), str(kept)]
    stack.processes["stripe"] = processes.start(command, clean_environment(), log("stripe"))
    stack.save()


def await_health(stack: Stack) -> None:
    for name, url in (("emulator", f"{stack.endpoint}/_ministack/health"), ("stripe", f"{stack.stripe}/")):
        console.until(
            f"waiting for the {name} on port {stack.ports[name]}",
            seconds=60,
            look=lambda name=name, url=url: ports.answers(url) or _complain_if_dead(stack, name),
            otherwise=f"The {name} did not answer within 60 s: see .local/{name}.log, then `make down` and `make up`.",
            every=0.1,
        )


def take_down() -> None:
    """Uses the standard library alone: stopping must not wait for an installation."""
    with state.only_one():
        judges.stop()
        stack = state.load()
        if stack is None:
            console.say("  the local stack is not up")
        else:
            stop(stack)


def stop(stack: Stack) -> None:
    for name, process in stack.processes.items():
        with console.waiting(f"stopping the {name}"):
            process.stop()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    state.forget()


def log(name: str) -> Path:
    return STATE / f"{name}.log"


def _emulator_environment(stack: Stack) -> dict[str, str]:
    return {
        # The functions inherit this environment. It leads them to the emulator, and holds nothing else of the caller's shell.
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        **aws_settings(f"http://{LOOPBACK}:{stack.ports['proxy']}" if "proxy" in stack.ports else stack.endpoint),
        "AUTH": "true",  # enforce IAM: a role may do what the template grants, and nothing else
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "GATEWAY_PORT": str(stack.ports["emulator"]),
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Its scratch files and unpacked functions are deleted with the stack.
        "TMPDIR": str(SCRATCH),
        "STATE_DIR": str(SCRATCH / "state"),
        "S3_DATA_DIR": str(SCRATCH / "s3"),
    }


def _complain_if_dead(stack: Stack, name: str) -> bool:
    if not stack.processes[name].is_alive():
        raise Trouble(f"The {name} ended while starting: see .local/{name}.log, then `make down` and `make up`.")
    return False
