"""`make env`: what tests, scripts and a person's shell need to speak to the stack, as lines for `eval "$(make -s env)"`."""

from __future__ import annotations

import re
import shlex

from . import deploy, users
from .settings import ADMINISTRATOR, REGION
from .state import Stack

# What a logical id ends with, and how the variable for its physical id ends.
KINDS = {"Table": "TABLE", "Queue": "QUEUE_URL", "DeadLetters": "DEAD_LETTERS_URL", "Topic": "TOPIC_ARN"}


def variables(stack: Stack) -> dict[str, str]:
    return {
        "CONVEYOR_API_URL": stack.api,
        "CONVEYOR_TOKEN": users.token(stack, users.CUSTOMER),
        "CONVEYOR_OTHER_TOKEN": users.token(stack, users.OTHER_CUSTOMER),
        "CONVEYOR_ADMIN_TOKEN": users.token(stack, users.ADMIN),
        # The functions are this process's children, for tests that end one without warning.
        "CONVEYOR_EMULATOR_PID": str(stack.processes["emulator"].pid),
        "STRIPE_API_URL": stack.stripe,
        "STRIPE_API_KEY": stack.secrets["stripe_api_key"],
        "STRIPE_WEBHOOK_SECRET": stack.secrets["stripe_webhook"],
        "EASYPOST_WEBHOOK_SECRET": stack.secrets["easypost_webhook"],
        **{f"{name.upper()}_WEBHOOK_SECRET": stack.secrets[f"{name}_webhook"] for name in deploy.sender_names()},
        "AWS_ENDPOINT_URL": stack.endpoint,
        **ADMINISTRATOR,
        "AWS_REGION": REGION,
        **_resources(stack),
    }


def lines(stack: Stack) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables(stack).items()]


def _resources(stack: Stack) -> dict[str, str]:
    """`TakePaymentQueue` becomes `CONVEYOR_TAKE_PAYMENT_QUEUE_URL`."""
    found = {}
    for logical, physical in sorted(stack.resources.items()):
        for ending, variable in KINDS.items():
            if logical.endswith(ending):
                words = re.sub(r"(?<!^)(?=[A-Z])", "_", logical.removesuffix(ending)).upper()
                found[f"CONVEYOR_{words}_{variable}"] = physical
    return found
