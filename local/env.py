"""`make env`: what tests, scripts and a shell need to call the stack, as lines for `eval "$(make -s env)"`."""

from __future__ import annotations

import re
import shlex

from . import deploy, users
from .settings import ADMINISTRATOR, REGION, STACK_NAME
from .state import Stack

# By the end of a logical id: how its variable ends, and how its physical id starts. The start distinguishes
# the queue `TakePaymentDeadLetters` from the function `RedriveDeadLetters`.
KINDS = {
    "Table": ("TABLE", STACK_NAME),
    "Queue": ("QUEUE_URL", "http"),
    "DeadLetters": ("DEAD_LETTERS_URL", "http"),
    "Topic": ("TOPIC_ARN", "arn:"),
    # A bucket has a name in lower case.
    "FailedBatches": ("FAILED_BATCHES", STACK_NAME),
}


def variables(stack: Stack) -> dict[str, str]:
    return {
        "CONVEYOR_API_URL": stack.api,
        "CONVEYOR_LIVE_URL": stack.live,
        "CONVEYOR_TOKEN": users.token(stack, users.CUSTOMER),
        "CONVEYOR_OTHER_TOKEN": users.token(stack, users.OTHER_CUSTOMER),
        "CONVEYOR_ERASED_TOKEN": users.token(stack, users.ERASED_CUSTOMER),
        "CONVEYOR_ADMIN_TOKEN": users.token(stack, users.ADMIN),
        "CONVEYOR_STAFF_TOKEN": users.token(stack, users.STAFF),
        "CONVEYOR_VIEWER_TOKEN": users.token(stack, users.VIEWER),
        "CONVEYOR_CONSOLE_URL": stack.console,
        "CONVEYOR_SHOP_URL": stack.shop,
        # The functions are children of this process: tests kill one without warning.
        "CONVEYOR_EMULATOR_PID": str(stack.processes["emulator"].pid),
        "STRIPE_API_URL": stack.stripe,
        "STRIPE_API_KEY": stack.secrets["stripe_api_key"],
        "STRIPE_WEBHOOK_SECRET": stack.secrets["stripe_webhook"],
        "EASYPOST_WEBHOOK_SECRET": stack.secrets["easypost_webhook"],
        **{f"{name.upper()}_WEBHOOK_SECRET": stack.secrets[f"{name}_webhook"] for name in deploy.sender_names()},
        "AWS_ENDPOINT_URL": stack.endpoint,
        **ADMINISTRATOR,
        "AWS_REGION": REGION,
        # The AWS CLI and boto3 read this one.
        "AWS_DEFAULT_REGION": REGION,
        **_resources(stack),
    }


def lines(stack: Stack) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables(stack).items()]


def _resources(stack: Stack) -> dict[str, str]:
    """`TakePaymentQueue` becomes `CONVEYOR_TAKE_PAYMENT_QUEUE_URL`."""
    found = {}
    for logical, physical in sorted(stack.resources.items()):
        for ending, (variable, start) in KINDS.items():
            if logical.endswith(ending) and physical.startswith(start):
                words = re.sub(r"(?<!^)(?=[A-Z])", "_", logical.removesuffix(ending)).upper()
                found[f"CONVEYOR_{words}_{variable}"] = physical
    return found
