"""What an operator types from docs/operations exists: targets and variables of make, operations of AWS, routes of the API."""

from __future__ import annotations

import re
import shlex
import subprocess
import unittest
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

from .. import arguments, documents
from ..settings import ROOT

PAGES = sorted((ROOT / "docs" / "operations").rglob("*.md"))
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = {command.name: command for command in arguments.COMMANDS}
ROUTES = {route for routes in documents.routes(documents.read_template()).values() for route in routes}
# Options that the AWS CLI adds to those of an operation, and its own command for logs.
OF_THE_CLI = {"query", "output", "page-size", "max-items", "region", "cli-input-json", "no-paginate"}
LOGS_TAIL = {"since", "filter-pattern", "format", "follow"}


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """The words of each call of a program: in a block of shell, a line of its own or within `$(…)`, or between back-ticks."""
    text = "\n".join(blocks(page)).replace("\\\n", " ")
    quoted = re.findall(rf"`({program} [^`…]+)`", page.read_text())
    # What is within $(…) is a call of its own, and a word of the call around it.
    inner = re.findall(r"\$\(([^()]*)\)", text)
    for line in [*re.sub(r"\$\([^()]*\)", "VALUE", text).splitlines(), *inner, *quoted]:
        found = re.search(rf"(?:^|;|\{{|\|)\s*({program} .*)", line)
        if found:
            words = shlex.split(found[1], comments=True)
            yield words[: words.index(";")] if ";" in words else words


# What the AWS CLI calls otherwise than the service's model is named.
CALLED = {"deploy": "codedeploy"}


class Runbooks(unittest.TestCase):
    def test_the_shell_accepts_every_block(self) -> None:
        for page in PAGES:
            for block in blocks(page):
                done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, f"{page.name}: {done.stderr}")

    def test_every_make_target_exists_with_its_variables_and_values(self) -> None:
        seen = 0
        for page in PAGES:
            for words in commands(page, "make"):
                with self.subTest(page.name, command=" ".join(words)):
                    target, *given = [word for word in words[1:] if not word.startswith("-")]
                    self.assertIn(target, TARGETS)
                    options = {option.variable: option for option in COMMANDS[target].options}
                    for variable, _, value in (word.partition("=") for word in given):
                        self.assertIn(variable, options)
                        options[variable].type(value)
                    seen += 1
        self.assertGreater(seen, 8)

    def test_every_call_of_aws_is_an_operation_with_its_options(self) -> None:
        session, seen = botocore.session.get_session(), 0
        for page in PAGES:
            for words in commands(page, "aws"):
                service, operation, *rest = words[1:]
                given = {word[2:] for word in rest if word.startswith("--")}
                with self.subTest(page.name, command=" ".join(words)):
                    seen += 1
                    if (service, operation) == ("logs", "tail"):
                        self.assertLessEqual(given, LOGS_TAIL)
                        continue
                    model = session.get_service_model(CALLED.get(service, service))
                    operations = {xform_name(name, "-"): name for name in model.operation_names}
                    self.assertIn(operation, operations)
                    shape = model.operation_model(operations[operation]).input_shape
                    members = shape.members if shape else {}
                    allowed = {option for name in members for option in _options(name, members[name].type_name)}
                    self.assertLessEqual(given, allowed | OF_THE_CLI)
                    required = {xform_name(name, "-") for name in (shape.required_members if shape else [])}
                    self.assertLessEqual(required, given)
        self.assertGreater(seen, 20)

    def test_every_route_that_a_page_names_exists(self) -> None:
        seen = 0
        for page in PAGES:
            text = page.read_text()
            for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`\s?]*)[^`]*`", text):
                seen += 1
                self.assertIn(f"{method} {path}", ROUTES, page.name)
            for words in commands(page, "curl"):
                method = words[words.index("-X") + 1] if "-X" in words else "GET"
                (url,) = [word for word in words if word.startswith("$CONVEYOR_API_URL/")]
                path = url.removeprefix("$CONVEYOR_API_URL").split("?")[0]
                seen += 1
                self.assertTrue(any(_is_of(f"{method} {path}", route) for route in ROUTES), f"{page.name}: {method} {path}")
        self.assertGreater(seen, 20)


def _options(name: str, kind: str) -> set[str]:
    option = xform_name(name, "-")
    return {option, f"no-{option}"} if kind == "boolean" else {option}


def _is_of(request: str, route: str) -> bool:
    """Whether a request is one of a route: a parameter of the route's path stands for one part."""
    return re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(route)), request) is not None
