"""Deploys `template.yaml` to the emulator, with the same SAM CLI that deploys it to AWS (`account/`).

Does nothing when template, parameters and binaries have not changed since the last deploy.
"""

from __future__ import annotations

import base64
import re
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any

from . import aws, build, console, tools
from .settings import MAIL_FROM, REGION, ROOT, SAM_CONFIG, STACK_NAME, STATE, TEMPLATE, aws_environment
from .state import Stack
from .trouble import Trouble

LOG = STATE / "deploy.log"
# Two senders of Standard Webhooks, for tests and trials.
# The SAM CLI cuts a parameter at a space; carriers are compared by their letters and digits.
SENDERS = "bank:payments,courier:parcels=AlpineParcel"
# A stack in one of these states accepts no update: it must be deleted first.
BEYOND_REPAIR = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}


def deploy(stack: Stack) -> None:
    _invent_secrets(stack)
    fingerprint = _fingerprint(stack)
    if stack.deployed == fingerprint:
        console.say("  template, parameters and binaries have not changed: nothing to deploy")
        return
    stack.deployed = ""
    stack.save()
    _remove_if_beyond_repair(stack)
    with console.waiting("sam deploy"):
        _sam_deploy(stack, fingerprint, TEMPLATE)
    stack.resources = _resources(stack)
    stack.deployed = fingerprint
    stack.save()


def over(stack: Stack, template: Path, fingerprint: str) -> None:
    """Deploys a template with the code that it names over the running stack. Each function starts anew."""
    stack.deployed = ""
    stack.save()
    _sam_deploy(stack, fingerprint, template)
    stack.resources = _resources(stack)
    stack.deployed = fingerprint
    stack.save()


def parameters(stack: Stack) -> dict[str, str]:
    """The parameters that differ from the template's defaults."""
    plenty = "1000000"
    return {
        "Architecture": build.architecture(),
        "DataDeletionPolicy": "Delete",
        "AlarmEmail": "alarms@shop.example",
        # The emulator knows neither metric math nor composite alarms.
        "BurnRateAlarms": "false",
        "MailFrom": MAIL_FROM,
        "ShopName": "Conveyor (local)",
        # Tests and benchmarks are a single busy caller. The limits are tested in process.
        "RequestsPerHour": plenty,
        "AdminRequestsPerHour": plenty,
        "OrdersPerHour": plenty,
        "ThrottleRate": plenty,
        "ThrottleBurst": plenty,
        "OpenRouteRate": plenty,
        "OpenRouteBurst": plenty,
        # A test waits until a refund has failed three times.
        "RefundAgainAfterSeconds": "1",
        # The tests' receivers are on this machine, and one of them never answers.
        "CallbackNetworks": "any",
        "CallbackTimeoutSeconds": "3",
        "WebhookSources": SENDERS,
        "StripeApiBase": stack.stripe,
        # The page comes from the emulator too, so it signs in at its own origin.
        "UserPoolEndpoint": stack.endpoint,
        "LiveEndpoint": stack.live_endpoint,
    }


def secret_values(stack: Stack) -> dict[str, str]:
    """The values of the stack's secrets by their names without the stack's. EasyPost is not called, so its key stays empty."""
    return {
        "stripe-api-key": stack.secrets["stripe_api_key"],
        "stripe-webhook-secret": stack.secrets["stripe_webhook"],
        "easypost-webhook-secret": stack.secrets["easypost_webhook"],
        **{f"standard-webhook/{name}": stack.secrets[f"{name}_webhook"] for name in sender_names()},
    }


def _invent_secrets(stack: Stack) -> None:
    """Creates the missing secrets: a running stack may be older than a secret."""
    invented = {
        "stripe_api_key": f"sk_test_{secrets.token_hex(12)}",
        "stripe_webhook": f"whsec_{secrets.token_hex(16)}",
        "easypost_webhook": secrets.token_hex(16),
        # A secret of Standard Webhooks is base64 after its prefix.
        **{f"{name}_webhook": f"whsec_{_base64(24)}" for name in sender_names()},
    }
    if invented.keys() - stack.secrets.keys():
        stack.secrets = {**invented, **stack.secrets}
        stack.save()


def sender_names() -> list[str]:
    return [sender.split(":")[0] for sender in SENDERS.split(",")]


def _base64(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


def _fingerprint(stack: Stack) -> str:
    return build.fingerprint(parameters(stack))


def _sam_deploy(stack: Stack, fingerprint: str, template: Path) -> None:
    deploy_id = fingerprint[: build.ID_DIGITS]
    copy = template.with_name("template.local.yaml")
    copy.write_text(_named(template.read_text(), deploy_id))
    command = [
        str(tools.program("tools", "sam")),
        "deploy",
        "--config-file",
        str(SAM_CONFIG),
        "--template-file",
        str(copy),
        "--stack-name",
        STACK_NAME,
    ]
    command += ["--region", REGION, "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar", "--force-upload"]
    has = _parameters_of(template)
    given = {**parameters(stack), "DeployId": deploy_id}
    given = {name: value for name, value in given.items() if name in has}
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in given.items())]
    with LOG.open("w") as output:
        ended = subprocess.run(command, cwd=ROOT, env=aws_environment(stack.endpoint), stdout=output, stderr=subprocess.STDOUT)
    copy.unlink()
    if ended.returncode != 0:
        raise Trouble(f"sam deploy failed: {_last_words()} See .local/deploy.log and .local/emulator.log.")


def _named(template: str, deploy_id: str) -> str:
    """The emulator translates the template with the parameters' defaults. A version that each deploy publishes is named by a
    parameter, so its default has to be the value.
    """
    return re.sub(r"(\n  DeployId:\n(?:    .*\n)*?    Default: ).*", rf"\g<1>{deploy_id}", template)


def _parameters_of(template: Path) -> set[str]:
    """The names of its parameters: the template of another build may lack some."""
    section = re.search(r"^Parameters:\n(.*?)^\S", template.read_text(), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^  (\w+):", section[1], flags=re.MULTILINE)) if section else set()


def _last_words() -> str:
    lines = [line.strip() for line in LOG.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing."


def _remove_if_beyond_repair(stack: Stack) -> None:
    cloudformation = aws.client("cloudformation", stack)
    if _status(cloudformation) not in BEYOND_REPAIR:
        return
    with console.waiting("removing the stack of a failed deploy"):
        cloudformation.delete_stack(StackName=STACK_NAME)
        deadline = time.monotonic() + 60
        while _status(cloudformation):
            if time.monotonic() > deadline:
                raise Trouble("The failed stack could not be removed: `make down`, then `make up`.")
            time.sleep(0.2)


def _status(cloudformation: Any) -> str:
    try:
        return cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError:
        return ""


def _resources(stack: Stack) -> dict[str, str]:
    pages = aws.client("cloudformation", stack).get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if "PhysicalResourceId" in resource
    }
