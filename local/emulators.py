"""The two servers of the stack: the AWS emulator and the payment provider. Started on loopback, found again, stopped."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
import uuid

from . import console, ports, processes, state, tools
from .settings import LOOPBACK, MARK, STATE, aws_environment
from .state import Stack
from .trouble import Trouble

SCRATCH = STATE / "tmp"


def start() -> Stack:
    """What runs already is kept, with its ports and its data. Servers that died are reason to begin anew."""
    stack = state.load()
    if stack and all(process.is_alive() for process in stack.processes.values()):
        console.say("  the emulator and the payment provider run already")
        return stack
    if stack:
        console.say("  a server of the last stack has died: its remains are stopped, and a new one is made")
        stop(stack)
    mark = uuid.uuid4().hex
    stack = Stack(mark=mark, ports=ports.choose())
    SCRATCH.mkdir(parents=True, exist_ok=True)
    # Written down before the second one is started, so that whatever happens `make down` knows of the first.
    stack.processes["emulator"] = processes.start([str(tools.program("stack", "ministack"))], _emulator_environment(stack), log("emulator"))
    stack.save()
    stack.processes["stripe"] = processes.start(
        [str(tools.program("stack", "python")), "-m", "local.stripe_server", str(stack.ports["stripe"])],
        {**aws_environment(stack.endpoint), MARK: mark},
        log("stripe"),
    )
    stack.save()
    return stack


def await_health(stack: Stack) -> None:
    for name, url in (("emulator", f"{stack.endpoint}/_ministack/health"), ("stripe", f"{stack.stripe}/")):
        console.until(
            f"waiting for the {name} on port {stack.ports[name]}",
            seconds=60,
            look=lambda: _answers(url) or _complain_if_dead(stack, name),
            otherwise=f"The {name} did not answer within 60 s: see .local/{name}.log, then `make down` and `make up`.",
            every=0.1,
        )


def stop(stack: Stack) -> None:
    for name, process in stack.processes.items():
        with console.waiting(f"stopping the {name}"):
            process.stop()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    state.forget()


def log(name: str):
    return STATE / f"{name}.log"


def _emulator_environment(stack: Stack) -> dict[str, str]:
    return {
        # Functions inherit this environment: it is how they find the emulator.
        **aws_environment(stack.endpoint),
        MARK: stack.mark,
        "AUTH": "true",  # a role may do what the template grants, and nothing else
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "GATEWAY_PORT": str(stack.ports["emulator"]),
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Its scratch files and unpacked functions go when the stack goes.
        "TMPDIR": str(SCRATCH),
        "STATE_DIR": str(SCRATCH / "state"),
        "S3_DATA_DIR": str(SCRATCH / "s3"),
    }


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError:
        return True  # an answer, if not a friendly one
    except OSError:
        return False
    return True


def _complain_if_dead(stack: Stack, name: str) -> bool:
    if not stack.processes[name].is_alive():
        raise Trouble(f"The {name} ended while starting: see .local/{name}.log, then `make down` and `make up`.")
    return False
