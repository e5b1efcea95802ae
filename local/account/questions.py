"""What `make deploy` asks. Everything else has a default, in `samconfig.toml`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from .dialogue import Question, Refused

LONGEST_ADDRESS = 254
# The letters that Amazon SES and SNS accept without quotes.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
# By which no name in Parameter Store may begin. The stack publishes its address and topics there under its own name.
RESERVED = ("aws", "ssm")
STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
MODES = {"test": "false", "live": "true"}


def questions(remembered: Mapping[str, str], longest_name: int, regions: Iterable[str]) -> list[Question]:
    """`remembered` are the defaults by variable: the last answers, or what the shell says."""
    known = sorted(regions)
    return [
        Question(
            "STACK",
            "Name of the stack",
            f"Every function, alarm and secret begins with it. At most {longest_name} letters, digits and hyphens.",
            lambda text: stack_name(text, longest_name),
            remembered.get("STACK", "conveyor"),
        ),
        Question(
            "REGION",
            "AWS region",
            "Where the stack and its data are, for example eu-central-1. Take one near your customers.",
            lambda text: region(text, known),
            remembered.get("REGION", "us-east-1"),
        ),
        Question(
            "ALARM_EMAIL",
            "Address for alarms",
            "AWS sends every alarm there, after you confirmed its first message. It must be an address that a person reads.",
            address,
            remembered.get("ALARM_EMAIL", ""),
        ),
        Question(
            "MAIL_FROM",
            "Sender of the shop's email",
            "The shop's messages come from this address. You verify it, or its domain, in Amazon SES; later is enough.",
            address,
            remembered.get("MAIL_FROM", ""),
        ),
        Question(
            "STRIPE_MODE",
            "Stripe mode, test or live",
            "test takes no money and works with test cards only. live takes real money, with a key of live mode.",
            stripe_mode,
            remembered.get("STRIPE_MODE", "test"),
        ),
    ]


def stack_name(text: str, longest: int) -> str:
    _required(text)
    if not STACK.fullmatch(text):
        raise Refused("A stack's name begins with a letter and has only the letters a to z, digits and hyphens.")
    if text.lower().startswith(RESERVED):
        raise Refused("AWS keeps names that begin with aws or ssm for itself: the parameters of the stack would be refused.")
    if len(text) > longest:
        raise Refused(
            f"That name has {len(text)} characters, at most {longest} fit: the longest name of a function begins with it, and"
            " Lambda accepts 64."
        )
    return text


def region(text: str, known: list[str]) -> str:
    _required(text)
    if text.lower() not in known:
        near = difflib.get_close_matches(text.lower()[:40], known, n=3, cutoff=0.6)
        raise Refused(f"AWS has no such region. {'Near names' if near else 'The regions'}: {', '.join(near or known)}.")
    return text.lower()


def address(text: str) -> str:
    _required(text)
    if len(text) > LONGEST_ADDRESS or not ADDRESS.fullmatch(text) or ".." in text:
        raise Refused(f"That is not an email address such as name@domain.tld, of at most {LONGEST_ADDRESS} characters.")
    return text


def stripe_mode(text: str) -> str:
    _required(text)
    if text.lower() not in MODES:
        raise Refused(f"Answer one of {', '.join(MODES)}.")
    return text.lower()


def _required(text: str) -> None:
    if not text:
        raise Refused("An answer is needed: there is no default.")
