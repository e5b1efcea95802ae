"""The command line: each command, its options, and what the machine must have for it. Standard library only.

`make` passes its variables by environment, so that no value is ever read by a shell: `make redrive REASON='…'` sets `REASON`,
and the option `--reason` takes its default from there. `python3 -m local redrive --reason '…'` does the same without make.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from .trouble import Trouble


def count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number from 1 up")
    return int(text)


def seeds(text: str) -> str:
    found = re.fullmatch(r"(\d+)\.\.(\d+)", text)
    if not found or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(f"`{text}` is not a range of seeds such as 1..20")
    return text


def flag(text: str) -> bool:
    if text not in ("", "1"):
        raise argparse.ArgumentTypeError(f"`{text}` is not allowed: set it to 1, or leave it out")
    return text == "1"


def instant(text: str) -> str:
    try:
        given = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise argparse.ArgumentTypeError(f"`{text}` is not an RFC 3339 time such as 2026-11-24T00:00:00Z")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    def choose(text: str) -> str:
        if text not in allowed:
            raise argparse.ArgumentTypeError(f"`{text}` is not one of {', '.join(allowed)}")
        return text

    return choose


@dataclass(frozen=True)
class Option:
    """`--name`, and the make variable that sets it."""

    name: str
    variable: str
    help: str
    default: str = ""
    type: Callable[[str], Any] = str
    required: bool = False


@dataclass(frozen=True)
class Command:
    name: str
    help: str
    options: tuple[Option, ...] = ()


REGION = Option("region", "REGION", "AWS region of the stack; empty for the shell's")
STACK = Option("stack", "STACK", "name of a stack on AWS; empty for the one on this machine")
SCENARIO = Option("scenario", "SCENARIO", "part of a scenario's name; empty for all")
ARCH = Option("arch", "ARCH", "processor of the functions: arm64 or x86_64", "arm64", one_of("arm64", "x86_64"))

COMMANDS = (
    Command("up", "starts the local stack, with products, stock and users"),
    Command("down", "stops everything that `up` started and deletes its data"),
    Command("env", "prints addresses, tokens and names as shell exports"),
    Command(
        "demo",
        "follows one order from checkout to delivery",
        (Option("show", "DEMO", "open: opens console and shop in a browser at the end", type=one_of("", "open")),),
    ),
    Command("screenshots", "takes the pictures of console and shop, in Chromium"),
    Command(
        "invoke",
        "runs one function with one event against the local stack",
        (
            Option("function", "F", "the function, for example place-order", required=True),
            Option("event", "E", "the event's file, for example events/place-order/basic.json", required=True),
        ),
    ),
    Command(
        "reconcile",
        "fetches events that Stripe could not deliver",
        (Option("since", "SINCE", "RFC 3339 time, at most 30 days ago", type=instant, required=True), STACK),
    ),
    Command(
        "explain",
        "shows everything about one order, what it waits for, and what can be done",
        (Option("order", "ORDER", "the order's id, or its number", required=True), STACK),
    ),
    Command(
        "redrive",
        "lists, requeues or discards a function's dead letters",
        (
            Option("function", "FUNCTION", "whose dead letters, for example take-payment", required=True),
            Option("do", "DO", "list, requeue or discard", "list", one_of("list", "requeue", "discard")),
            Option("ids", "IDS", "ids separated by commas; the first characters suffice"),
            Option("all", "ALL", "1: every dead letter that one run sees, at most 50", type=flag),
            Option("reason", "REASON", "why; required by discard, and logged"),
            STACK,
        ),
    ),
    Command(
        "replay",
        "counts stored events, or sends them to one consumer's queue again",
        (
            Option("service", "SERVICE", "whose events: catalog, orders, payments, inventory or shipping", required=True),
            Option("to", "TO", "the function that gets them, for example track-order", required=True),
            Option("do", "DO", "plan counts them, send sends them", "plan", one_of("plan", "send")),
            Option("orders", "ORDERS", "order ids separated by commas; SKUs if the service is catalog"),
            Option("since", "SINCE", "instead of orders: RFC 3339 time of the first event", type=instant),
            Option("until", "UNTIL", "RFC 3339 time before which they happened; empty for now", type=instant),
            Option("type", "TYPE", "only events of this type, for example CustomerErasureRequested"),
            Option("per-second", "PER_SECOND", "how many messages the consumer gets in a second, at most 200", "20", count),
            Option("cursor", "CURSOR", "goes on where a run of the same request ended"),
            STACK,
        ),
    ),
    Command(
        "rebuild-views",
        "compares the views of orders with their streams, or writes those that are lost or wrong",
        (
            Option(
                "do",
                "DO",
                "plan counts the orders, compare reads their views, build writes them",
                "plan",
                one_of("plan", "compare", "build"),
            ),
            Option("cursor", "CURSOR", "goes on where a run ended"),
            STACK,
        ),
    ),
    Command(
        "restore",
        "compares a table with a restored backup, or copies back what the table lacks",
        (
            Option("table", "TABLE", "the service that owns the table, for example orders", required=True),
            Option("source", "FROM", "the table that the backup was restored into", required=True),
            Option("do", "DO", "plan counts what is missing, copy writes it", "plan", one_of("plan", "copy")),
            Option("kinds", "KINDS", "what to copy, as the plan lists it, separated by commas"),
            STACK,
        ),
    ),
    Command(
        "limits",
        "shows or changes for a while how often a caller may call, without a deploy",
        (
            Option("do", "DO", "show, change or clear", "show", one_of("show", "change", "clear")),
            Option("orders", "ORDERS", "orders that one caller may place in any 60 minutes", type=count),
            Option("requests", "REQUESTS", "requests of one customer in any 60 minutes", type=count),
            Option("admin-requests", "ADMIN_REQUESTS", "requests of one admin in any 60 minutes", type=count),
            Option("hours", "HOURS", "how long the change lasts", "24", count),
            STACK,
        ),
    ),
    Command("template", "joins the files of template/ into template.yaml"),
    Command("check", "format, lints, documentation, template"),
    Command("test", "runs the tests with the stack up", (Option("args", "ARGS", "arguments of the test runner"),)),
    Command(
        "simulate",
        "runs the whole pipeline in one process, with faults",
        (
            Option("seeds", "SEEDS", "range of seeds", "1..20", seeds),
            Option("orders", "ORDERS", "orders per seed", "500", count),
        ),
    ),
    Command("cost", "counts what an order costs, and writes it into docs/cost.md"),
    Command("cost-growth", "counts what an order costs in a shop with many orders, and writes it into docs/cost.md"),
    Command("cost-deployed", "counts what an order costs on the local stack, and compares it with docs/cost.md"),
    Command("model", "explores every order of events in the small scenarios", (SCENARIO,)),
    Command(
        "model-deep",
        "explores the large scenarios too",
        (SCENARIO, Option("seconds", "SECONDS", "time limit per scenario", "120", count)),
    ),
    Command(
        "guards",
        "removes each guard from a copy of the tree",
        (
            Option("guard", "GUARD", "part of a guard's name"),
            Option("first", "FIRST", "1: stops at what catches a guard first", type=flag),
        ),
    ),
    Command(
        "mutants", "changes each decision and runs its crate's tests", (Option("crate", "CRATE", "part of a crate's name"),)
    ),
    Command(
        "fuzz",
        "runs each fuzzer for a bounded time",
        (
            Option("seconds", "SECONDS", "time per fuzzer", "60", count),
            Option("fuzzer", "FUZZER", "part of a fuzzer's name; empty for all"),
        ),
    ),
    Command(
        "fuzz-one",
        "runs one fuzzer on one input",
        (
            Option("fuzzer", "FUZZER", "the fuzzer, for example messages", required=True),
            Option("input", "INPUT", "file with the input, for example target/fuzz/artifacts/messages/crash-…", required=True),
        ),
    ),
    Command(
        "bench",
        "measures starts, invocations, memory and size of the functions",
        (
            Option("function", "FUNCTION", "functions separated by commas, for example place-order; empty for all"),
            Option("rounds", "ROUNDS", "how often all programs are measured", "5", count),
            Option("keep", "KEEP", "1: writes results and page also for some functions", type=flag),
        ),
    ),
    Command(
        "bench-console",
        "measures how soon the console shows the first of many orders, and what that reads",
        (Option("orders", "ORDERS", "how many orders", "10000", count),),
    ),
    Command(
        "bench-webhooks",
        "sends many duplicate and reordered webhooks to the local stack",
        (Option("count", "COUNT", "webhooks, duplicates included", "10000", count),),
    ),
    Command(
        "chaos",
        "breaks what can break on the local stack while orders run, and audits the books",
        (
            Option("minutes", "MINUTES", "how long orders are placed", "5", count),
            Option("seed", "SEED", "chooses the same small faults again", type=count),
        ),
    ),
    Command(
        "roll",
        "deploys another build over the running one and returns, while orders run, and audits the books",
        (Option("previous", "PREVIOUS", "a commit of this repository, for example HEAD~20", required=True),),
    ),
    Command("docs", "writes the documents that are generated from the template"),
    Command("build", "compiles the functions for this machine"),
    Command("build-release", "compiles the functions for Lambda", (ARCH,)),
    Command(
        "deploy",
        "asks what it needs, compiles the functions for Lambda and deploys the stack to AWS",
        (
            Option("stack", "STACK", "name of the stack; asked if empty"),
            Option("region", "REGION", "AWS region; asked if empty"),
            Option("alarm-email", "ALARM_EMAIL", "address for alarms; asked if empty"),
            Option("mail-from", "MAIL_FROM", "sender of the shop's email; asked if empty"),
            Option("stripe-mode", "STRIPE_MODE", "test or live; asked if empty"),
            Option("arch", "ARCH", "processor of the functions; the last deploy's if empty", type=one_of("arm64", "x86_64")),
            Option("config", "CONFIG", "file of the answers and parameters", "samconfig.toml"),
            Option("compiled", "COMPILED", "1: deploys what `make build-release` has compiled", type=flag),
        ),
    ),
    Command(
        "secrets",
        "asks for the values of a deployed stack's secrets",
        (Option("stack", "STACK", "name of the stack", required=True), REGION),
    ),
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Trouble(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` lists what is allowed.")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The chosen command and its options by name. A value that is missing or not allowed is a `Trouble` that says so."""
    parser = _Parser(prog="python3 -m local", description="The local stack and everything else behind `make`.")
    chosen = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command in COMMANDS:
        options = chosen.add_parser(command.name, help=command.help, description=f"make {command.name}: {command.help}.")
        for option in command.options:
            options.add_argument(
                f"--{option.name}",
                metavar=option.variable,
                default=os.environ.get(option.variable) or option.default or None,
                type=option.type,
                help=f"{option.help}; make {command.name} {option.variable}=…",
            )
    parsed = parser.parse_args(arguments)
    for option in next(command.options for command in COMMANDS if command.name == parsed.command):
        if option.required and getattr(parsed, option.name) is None:
            _fail(parsed.command, option)
    return parsed


def _fail(command: str, option: Option) -> NoReturn:
    raise Trouble(f"`make {command}` needs {option.variable}=…: {option.help}.")
