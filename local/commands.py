"""The table of contents: what each `make` target does, in the order in which it does it."""

from __future__ import annotations

from collections.abc import Callable

from . import (
    build,
    checks,
    demo,
    deploy,
    emulators,
    env,
    fuzz,
    gaps,
    guards,
    invoke,
    reconcile,
    redrive,
    seed,
    state,
    stripe,
    testing,
    users,
)
from .state import Stack
from .trouble import Trouble


def up(_: list[str]) -> int:
    stack = bring_up()
    print(f"""
The stack is up. Its API: {stack.api}

  eval "$(make -s env)"      puts its address and the tokens of two customers and an admin into this shell; then try
  curl "$CONVEYOR_API_URL/health"
  curl -H "Authorization: Bearer $CONVEYOR_TOKEN" "$CONVEYOR_API_URL/products"
  curl -H "Authorization: Bearer $CONVEYOR_TOKEN" "$CONVEYOR_API_URL/orders"

`make demo` follows one order to its delivery, `make down` stops everything.""")
    return 0


def bring_up() -> Stack:
    with state.only_one():
        stack = emulators.start()
        build.functions()
        emulators.await_health(stack)
        deploy.deploy(stack)
        gaps.fill(stack)
        users.create(stack)
        stripe.register_webhook(stack)
        seed.seed(stack)
    return stack


def down(_: list[str]) -> int:
    emulators.take_down()
    return 0


def environment(_: list[str]) -> int:
    print("\n".join(env.lines(state.running())))
    return 0


def order(_: list[str]) -> int:
    demo.run(bring_up())
    return 0


def one_function(arguments: list[str]) -> int:
    function, event = (*arguments, "", "")[:2]
    return invoke.run(state.running(), function, event)


def undelivered(arguments: list[str]) -> int:
    since, stack_name = (*arguments, "", "")[:2]
    return reconcile.run(since, stack_name)


def dead_letters(arguments: list[str]) -> int:
    function, to_do, ids, everything, reason, stack_name = (*arguments, *[""] * 6)[:6]
    return redrive.run(function, to_do, ids, everything, reason, stack_name)


def check(_: list[str]) -> int:
    return checks.run()


def test(arguments: list[str]) -> int:
    return testing.run(bring_up, emulators.take_down, was_up=state.is_up(), arguments=arguments)


def simulate(arguments: list[str]) -> int:
    return testing.simulate(*arguments)


def model(arguments: list[str]) -> int:
    return testing.model(arguments)


def without_guards(arguments: list[str]) -> int:
    return guards.run(*arguments)


def many_webhooks(arguments: list[str]) -> int:
    from bench import webhooks  # Stripe's own library takes its time to load

    was_up = state.is_up()
    try:
        return webhooks.run(bring_up(), int(*arguments))
    finally:
        if not was_up:
            emulators.take_down()


def fuzzers(arguments: list[str]) -> int:
    return fuzz.run(*arguments)


def one_input(arguments: list[str]) -> int:
    return fuzz.one(*arguments)


def compile_functions(_: list[str]) -> int:
    build.functions()
    return 0


def compile_for_aws(arguments: list[str]) -> int:
    build.release(*arguments)
    return 0


def to_aws(arguments: list[str]) -> int:
    build.release(*arguments)
    return deploy.to_aws(*arguments)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "up": up,
    "down": down,
    "env": environment,
    "demo": order,
    "invoke": one_function,
    "reconcile": undelivered,
    "redrive": dead_letters,
    "check": check,
    "test": test,
    "simulate": simulate,
    "model": model,
    "guards": without_guards,
    "bench-webhooks": many_webhooks,
    "fuzz": fuzzers,
    "fuzz-one": one_input,
    "build": compile_functions,
    "build-release": compile_for_aws,
    "deploy": to_aws,
}


def run(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    command = COMMANDS.get(name)
    if command is None:
        raise Trouble(f"`{name}` is not one of {', '.join(COMMANDS)}.")
    return command(arguments[1:])
