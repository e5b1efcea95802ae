"""Names and paths that several files here need. Everything that the stack writes is below `.tools/` and `.local/`."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
STATE = ROOT / ".local"
REQUIREMENTS = ROOT / "local" / "requirements"
TEMPLATE = ROOT / "template.yaml"
# What watches the stack; nested in the template.
NESTED = ROOT / "alarms.yaml"
# For the emulator and the checks. `samconfig.toml` has the answers of an operator, which must not reach them.
SAM_CONFIG = ROOT / "local" / "samconfig.toml"
FUNCTIONS = ROOT / "target" / "lambda"

STACK_NAME = "conveyor-local"
LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
# The emulator's administrator. These keys protect nothing: the emulator listens on this machine only.
ADMINISTRATOR = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

MAIL_FROM = "orders@shop.example"


def clean_environment() -> dict[str, str]:
    """This process's environment without any AWS account: `make up` must never deploy to one."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def aws_settings(endpoint: str) -> dict[str, str]:
    """The environment that makes a program call the emulator, and no AWS account."""
    return {
        **ADMINISTRATOR,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
    }


def aws_environment(endpoint: str) -> dict[str, str]:
    """This process's environment, directed to the emulator."""
    return {**clean_environment(), **aws_settings(endpoint)}
