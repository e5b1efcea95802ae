"""Every function of the running stack answers the probe of a deploy: with its build, its deploy, and its secrets.

`probe-version` asks on AWS for each new version. Here no CodeDeploy asks it, so an operator's question stands for a hook's.
"""

from __future__ import annotations

import hashlib
import json
import unittest
from typing import Any

import boto3

from .. import build, documents
from ..naming import ALIAS, kebab
from ..settings import STACK_NAME

PROBE = '{"conveyor_probe":true}'


class Probe(unittest.TestCase):
    def setUp(self) -> None:
        self.stack = STACK_NAME
        self.client = boto3.client("lambda")

    def test_every_function_answers_with_its_build_and_its_deploy(self) -> None:
        deploys = set()
        for name, resource in documents.read_template()["Resources"].items():
            if resource["Type"] != "AWS::Serverless::Function":
                continue
            with self.subTest(name):
                report = self.ask(kebab(name), PROBE)
                self.assertEqual(report["function"], kebab(name))
                program = build.FUNCTIONS / kebab(name) / "bootstrap"
                self.assertEqual(report["build"], hashlib.sha256(program.read_bytes()).hexdigest()[: build.ID_DIGITS])
                named = [value for key, value in self.variables(kebab(name)).items() if key.endswith("_SECRET")]
                self.assertLessEqual(set(named), set(report["secrets"]))
                deploys.add(report["deploy"])
        self.assertEqual(len(deploys), 1, deploys)
        self.assertRegex(deploys.pop(), "^[0-9a-f]{12}$")

    def test_the_secrets_are_told_as_set_or_not_and_never_by_value(self) -> None:
        report = self.ask("standard-webhook", PROBE)
        self.assertEqual(
            report["secrets"],
            {f"{self.stack}/standard-webhook/bank": True, f"{self.stack}/standard-webhook/courier": True},
        )

    def test_the_hook_asks_a_version_and_reports_what_it_says(self) -> None:
        asked = self.ask("probe-version", json.dumps({"function": "take-payment"}))
        self.assertEqual(asked, self.ask("take-payment", PROBE))

    def test_the_hook_refuses_a_function_that_does_not_exist(self) -> None:
        answer = self.invoke("probe-version", json.dumps({"function": "take-nothing"}))
        self.assertIn("FunctionError", answer)

    def ask(self, function: str, payload: str) -> dict[str, Any]:
        answer = self.invoke(function, payload)
        body = json.loads(answer["Payload"].read())
        self.assertNotIn("FunctionError", answer, body)
        return body

    def invoke(self, function: str, payload: str) -> dict[str, Any]:
        return self.client.invoke(FunctionName=f"{self.stack}-{function}", Qualifier=ALIAS, Payload=payload.encode())

    def variables(self, function: str) -> dict[str, str]:
        deployed = self.client.get_function_configuration(FunctionName=f"{self.stack}-{function}", Qualifier=ALIAS)
        return deployed["Environment"]["Variables"]
