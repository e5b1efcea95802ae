"""The values of a stack's secrets: asked after the stack exists, never shown, never on a command line.

`make deploy` asks for those that are empty and needed; `make secrets` asks for all of them. Without a terminal the commands are
printed, which read the value from their standard input.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from .. import console
from ..credentials import explained
from . import dialogue
from .dialogue import Refused

STRIPE_EVENTS = "docs/deploy.md lists the events"
# The stack makes these itself, and no operator needs to know their values.
GENERATED = ("search-key",)


@dataclass(frozen=True)
class Facts:
    """What the questions need to know of a deployed stack."""

    name: str
    region: str
    api: str
    parameters: Mapping[str, str]
    # Names of its secrets without the stack's, with their descriptions.
    secrets: Mapping[str, str]

    @property
    def mode(self) -> str:
        return "live" if self.parameters.get("StripeLivemode") == "true" else "test"


def put(keeper: Any, name: str, value: str) -> None:
    """Stores a value. The secret of a sender is no part of the stack, so it may not exist yet."""
    try:
        keeper.put_secret_value(SecretId=name, SecretString=value)
    except keeper.exceptions.ResourceNotFoundException:
        keeper.create_secret(Name=name, SecretString=value)


def facts(session: boto3.Session, name: str) -> Facts:
    remedies = {"ValidationError": f"There is no stack {name} in {session.region_name}: check STACK and REGION."}
    with console.waiting(f"reading the stack {name}"), explained(remedies):
        formation = session.client("cloudformation")
        stack = formation.describe_stacks(StackName=name)["Stacks"][0]
        pages = formation.get_paginator("list_stack_resources").paginate(StackName=name)
        ids = [
            resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::SecretsManager::Secret"
        ]
        keeper = session.client("secretsmanager")
        described = [keeper.describe_secret(SecretId=secret) for secret in ids]
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    secrets = {item["Name"].removeprefix(f"{name}/"): item.get("Description", "") for item in described}
    secrets = {secret: description for secret, description in secrets.items() if secret not in GENERATED}
    senders = [sender.partition(":")[0] for sender in parameters.get("WebhookSources", "").split(",") if sender]
    secrets |= {f"standard-webhook/{sender}": f"Signing secret that {sender} gave you." for sender in senders}
    return Facts(name, session.region_name, outputs.get("ApiUrl", ""), parameters, secrets)


def ask(session: boto3.Session, stack: Facts, every: bool) -> None:
    """Asks for each secret, or only for those that are empty and needed. Enter skips one."""
    keeper = session.client("secretsmanager")
    with console.waiting("looking which secrets are empty"), explained():
        filled = {name for name in stack.secrets if _has_value(keeper, f"{stack.name}/{name}")}
    asked = [name for name in sorted(stack.secrets, key=_order) if every or (name not in filled and _needed(name, stack))]
    if asked and not dialogue.has_terminal():
        print_commands(stack, asked)
        return
    if asked:
        console.say("\nThe stack's secrets. What you type is not shown. Enter skips one; `make secrets` asks again.")
    skipped = [name for name in asked if not _asked(keeper, stack, name, is_filled=name in filled)]
    empty = [name for name in stack.secrets if name not in filled and (name not in asked or name in skipped)]
    if empty:
        console.say(f"\nStill empty: {', '.join(sorted(empty, key=_order))}. `{_again(stack)}` asks for them.")


def warn_of_empty(session: boto3.Session, stack: Facts) -> None:
    """What a running stack needs and lacks. A deploy is no worse for it, so this is no error."""
    keeper = session.client("secretsmanager")
    with console.waiting("looking which secrets are empty"), explained():
        empty = [name for name in stack.secrets if _needed(name, stack) and not _has_value(keeper, f"{stack.name}/{name}")]
    if empty:
        names = ", ".join(sorted(empty, key=_order))
        console.say(
            f"  WARNING: {stack.name} lacks the value of {names}. What needs it is retried until `{_again(stack)}` sets it."
        )


def print_commands(stack: Facts, names: list[str]) -> None:
    console.say("\nThere is no terminal to ask for secrets at. Each of these commands reads one value from its standard input:")
    for name in names:
        secret = shlex.quote(f"{stack.name}/{name}")
        does = "create-secret --name" if name.startswith("standard-webhook/") else "put-secret-value --secret-id"
        console.say(
            f"  aws secretsmanager {does} {secret} --secret-string file:///dev/stdin --region {stack.region}"
            f"    # {stack.secrets[name]}"
        )


def _asked(keeper: Any, stack: Facts, name: str, is_filled: bool) -> bool:
    console.say(f"\n  {stack.secrets[name] or name}")
    for line in _explanation(name, stack):
        console.say(f"    {line}")
    enter = "Enter keeps the value that it has" if is_filled else "Enter skips"
    value = dialogue.hidden(f"    {stack.name}/{name} ({enter}): ", _check(name, stack))
    if not value:
        return False
    with explained(), console.waiting(f"storing {name}"):
        put(keeper, f"{stack.name}/{name}", value)
    return True


def _explanation(name: str, stack: Facts) -> list[str]:
    match name:
        case "stripe-api-key":
            return [f"Stripe dashboard, {stack.mode} mode → Developers → API keys: sk_{stack.mode}_… or rk_{stack.mode}_…"]
        case "stripe-webhook-secret":
            return [
                f"Stripe dashboard, {stack.mode} mode → Developers → Webhooks: add an endpoint with the address",
                f"  {stack.api}/webhooks/stripe",
                f"then reveal its signing secret, whsec_… ({STRIPE_EVENTS}).",
            ]
        case "easypost-api-key":
            return ["EasyPost dashboard → Account Settings → API Keys."]
        case "easypost-webhook-secret":
            return [f"Choose one, and set it on a webhook of EasyPost for {stack.api}/webhooks/easypost."]
        case "canary":
            return ["Make a customer of its own in the stack's user pool (docs/deploy.md), and type <email>:<password>."]
    if name.startswith("standard-webhook/"):
        return [f"The sender calls {stack.api}/webhooks/standard/{name.removeprefix('standard-webhook/')}."]
    return []


def _check(name: str, stack: Facts) -> Callable[[str], str]:
    """The one check of a value's form that no later check can make as clearly. A JSON list of values is a rotation."""

    def check(text: str) -> str:
        for value in _values(text):
            if not value or not re.fullmatch(r"[\x21-\x7e]{1,4096}", value):
                raise Refused("A secret has only visible ASCII characters, at most 4096, and no spaces. Copy it again.")
            if name == "stripe-api-key" and not re.match(rf"(sk|rk)_{stack.mode}_", value):
                raise Refused(f"This stack is in {stack.mode} mode: its key begins with sk_{stack.mode}_ or rk_{stack.mode}_.")
            if name == "stripe-webhook-secret" and not value.startswith("whsec_"):
                raise Refused("The signing secret of an endpoint begins with whsec_. It is not the API key.")
            if name == "canary" and not re.fullmatch(r"[^:]+@[^:]+:.+", value):
                raise Refused("An email and a password with a colon between them, as in canary@shop.example:pa55-Word.")
        return text

    return check


def _values(text: str) -> list[str]:
    if not text.startswith("["):
        return [text]
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Refused('A list of values is JSON, as in ["new", "old"].') from error
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        raise Refused('A list of values is JSON, as in ["new", "old"].')
    return found


def _has_value(keeper: Any, secret: str) -> bool:
    """A secret that this operator may not read counts as empty, so that it is asked for."""
    try:
        return bool(keeper.get_secret_value(SecretId=secret).get("SecretString", "").strip())
    except keeper.exceptions.ClientError as error:
        if error.response["Error"].get("Code") in ("ResourceNotFoundException", "AccessDeniedException"):
            return False
        raise


def _needed(name: str, stack: Facts) -> bool:
    if name == "canary":
        return bool(stack.parameters.get("CanarySku"))
    return not name.startswith("easypost-") or stack.parameters.get("Carrier") == "easypost"


def _order(name: str) -> tuple[int, str]:
    """The key first: its account is where the endpoint is made."""
    first = ("stripe-api-key", "stripe-webhook-secret", "easypost-api-key", "easypost-webhook-secret")
    return (first.index(name) if name in first else len(first), name)


def _again(stack: Facts) -> str:
    return f"make secrets STACK={stack.name} REGION={stack.region}"
