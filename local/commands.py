"""What each command does. The command line itself is in `arguments.py`."""

from __future__ import annotations

import argparse
import shlex
import webbrowser
from collections.abc import Callable

from . import (
    arguments,
    build,
    chaos,
    deploy,
    emulators,
    explain,
    fuzz,
    gaps,
    guards,
    invoke,
    limits,
    mutants,
    rebuild,
    reconcile,
    redrive,
    replay,
    restore,
    roll,
    seed,
    state,
    stripe,
    testing,
    users,
)
from . import demo as demonstration
from . import env as shell
from .account import filling
from .state import Stack
from .trouble import Trouble

Options = argparse.Namespace


def bring_up(counting: bool = False) -> Stack:
    from . import template  # needs PyYAML, which an operator's environment does not have

    template.refuse_stale()
    with state.only_one():
        stack = emulators.start(counting)
        build.functions()
        emulators.await_health(stack)
        deploy.deploy(stack)
        gaps.fill(stack)
        users.create(stack)
        stripe.register_webhook(stack)
        seed.seed(stack)
    return stack


def up(_: Options) -> int:
    stack = bring_up()
    print(f"""
The stack is up. Its API: {stack.api}
The console for staff:    {stack.console}
The shop for customers:   {stack.shop}
{users.passwords(stack)}

  eval "$(make -s env)"      sets its address and the tokens of two customers and an admin in this shell; then try
  curl "$CONVEYOR_API_URL/health"
  curl -H "Authorization: Bearer $CONVEYOR_TOKEN" "$CONVEYOR_API_URL/products"
  curl -H "Authorization: Bearer $CONVEYOR_TOKEN" "$CONVEYOR_API_URL/orders"

`make demo` follows one order to its delivery, `make down` stops everything.""")
    return 0


def env(_: Options) -> int:
    print("\n".join(shell.lines(state.running())))
    return 0


def demo(options: Options) -> int:
    stack = bring_up()
    order = demonstration.run(stack)
    pages = [f"{page}/index.html#/orders/{order}" for page in (stack.console, stack.shop)]
    print(f"\n  The order in the console:  {pages[0]}\n  and in its customer's shop: {pages[1]}\n{users.passwords(stack)}")
    if options.show == "open" and not all([webbrowser.open(page) for page in pages]):
        print("  No browser could be opened: open the addresses by hand.")
    return 0


def test(options: Options) -> int:
    given = shlex.split(options.args or "")
    return testing.run(bring_up, emulators.take_down, was_up=state.is_up(), arguments=given)


def screenshots(_: Options) -> int:
    return _on_a_stack(testing.screenshots)


def bench(options: Options) -> int:
    from bench import speed  # needs PyYAML

    return speed.run(options.function or "", options.rounds, bool(options.keep))


def cost_deployed(_: Options) -> int:
    from bench import deployed  # needs boto3

    if state.is_up():
        raise Trouble("The stack is up without the proxy that counts: run `make down` first.")
    try:
        return deployed.run(bring_up(counting=True))
    finally:
        emulators.take_down()


def bench_console(options: Options) -> int:
    from bench import first_rows  # needs boto3

    if state.is_up():
        raise Trouble("The stack is up without the proxy that counts: run `make down` first.")
    try:
        return first_rows.run(bring_up(counting=True), options.orders)
    finally:
        emulators.take_down()


def bench_webhooks(options: Options) -> int:
    from bench import webhooks  # Stripe's own library takes seconds to load

    return _on_a_stack(lambda stack: webhooks.run(stack, options.count))


def make_chaos(options: Options) -> int:
    return _on_a_stack(lambda stack: chaos.run(stack, options.minutes, options.seed))


def make_roll(options: Options) -> int:
    return _on_a_stack(lambda stack: roll.run(stack, options.previous))


def _on_a_stack(work: Callable[[Stack], int]) -> int:
    """A stack that was up before stays up; otherwise it is stopped."""
    was_up = state.is_up()
    try:
        return work(bring_up())
    finally:
        if not was_up:
            emulators.take_down()


def check(_: Options) -> int:
    from . import checks  # imports documents, see below

    return checks.run()


def make_template(_: Options) -> int:
    from . import template  # needs PyYAML

    template.write()
    return 0


def docs(_: Options) -> int:
    from . import documents  # needs PyYAML, which an operator's environment does not have

    return documents.write()


def build_here(_: Options) -> int:
    build.functions()
    return 0


def build_release(options: Options) -> int:
    build.release(options.arch)
    return 0


def deploy_to_aws(options: Options) -> int:
    from .account import deploying  # needs the tools' environment

    return deploying.run(options)


COMMANDS: dict[str, Callable[[Options], int]] = {
    "up": up,
    "env": env,
    "demo": demo,
    "invoke": lambda options: invoke.run(state.running(), options.function, options.event),
    "reconcile": lambda options: reconcile.run(options.since, options.stack),
    "explain": explain.run,
    "redrive": redrive.run,
    "replay": replay.run,
    "rebuild-views": rebuild.run,
    "restore": restore.run,
    "limits": limits.run,
    "check": check,
    "test": test,
    "screenshots": screenshots,
    "simulate": lambda options: testing.simulate(options.seeds, str(options.orders)),
    "cost": lambda options: testing.cost(),
    "cost-deployed": cost_deployed,
    "cost-growth": lambda options: testing.cost_growth(),
    "model": lambda options: testing.model(options.scenario or "", []),
    "model-deep": lambda options: testing.model(options.scenario or "", ["--deep", "--seconds", str(options.seconds)]),
    "guards": lambda options: guards.run(options.guard or "", options.first),
    "mutants": lambda options: mutants.run(options.crate or ""),
    "fuzz": lambda options: fuzz.run(options.seconds, options.fuzzer or ""),
    "fuzz-one": lambda options: fuzz.one(options.fuzzer, options.input),
    "bench": bench,
    "bench-console": bench_console,
    "bench-webhooks": bench_webhooks,
    "chaos": make_chaos,
    "roll": make_roll,
    "template": make_template,
    "docs": docs,
    "build": build_here,
    "build-release": build_release,
    "deploy": deploy_to_aws,
    "secrets": filling.run,
}


def run(options: Options) -> int:
    assert COMMANDS.keys() == {command.name for command in arguments.COMMANDS} - {"down"}
    return COMMANDS[options.command](options)
