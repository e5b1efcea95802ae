"""The table of contents: what each `make` target does, in the order in which it does it."""

from __future__ import annotations

from collections.abc import Callable

from . import build, console, deploy, emulators, state
from .trouble import Trouble


def up(_: list[str]) -> int:
    with state.only_one():
        stack = emulators.start()
        build.functions()
        emulators.await_health(stack)
        deploy.deploy(stack)
    return 0


def down(_: list[str]) -> int:
    with state.only_one():
        stack = state.load()
        if stack is None:
            console.say("  the local stack is not up")
        else:
            emulators.stop(stack)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {"up": up, "down": down}


def run(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    command = COMMANDS.get(name)
    if command is None:
        raise Trouble(f"`{name}` is not one of {', '.join(COMMANDS)}.")
    return command(arguments[1:])
