"""Clients of the emulator, as its administrator."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from .settings import ADMINISTRATOR, REGION
from .state import Stack


def client(service: str, stack: Stack) -> Any:
    return client_at(service, stack.endpoint)


def client_at(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ADMINISTRATOR["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ADMINISTRATOR["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=60),
    )
