"""`make deploy` on a terminal deploys a second stack into the running emulator, fills its secrets, and the stack answers."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import WaiterError

from .. import build
from ..account import preflight
from ..settings import ROOT
from .terminal import Terminal, without_account

DEPLOY_SECONDS = 900.0
API_KEY, SIGNING_SECRET = f"sk_test_{uuid.uuid4().hex}", f"whsec_{uuid.uuid4().hex}"


@unittest.skipUnless("CONVEYOR_API_URL" in os.environ, "the local stack is not up: `make test` runs this")
class Deploying(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.config = self.folder / "samconfig.toml"
        self.name = f"second-{uuid.uuid4().hex[:8]}"
        account = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        self.environment = {**without_account(self.folder), **account, "PATH": os.environ["PATH"]}

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=self.environment["AWS_REGION"])

    def test_a_second_stack_is_deployed_filled_and_answers(self) -> None:
        # Nothing of it may stay in the emulator, which has no metric math. The five questions do not ask for these parameters,
        # so the file keeps them.
        self.config.write_text(
            '[default.deploy.parameters.parameter_overrides]\nDataDeletionPolicy = "Delete"\nBurnRateAlarms = "false"\n'
        )
        self.addCleanup(self.delete)
        with self.terminal() as terminal:
            terminal.answer("STACK [conveyor]: ", self.name)
            terminal.answer(f"REGION [{self.environment['AWS_REGION']}]: ", "")
            terminal.answer("ALARM_EMAIL: ", "ops@shop.example")
            terminal.answer("MAIL_FROM: ", "orders@shop.example")
            terminal.answer("STRIPE_MODE [test]: ", "")
            terminal.expect("account 000000000000")
            terminal.expect(f"{self.name}/stripe-api-key (Enter skips): ", DEPLOY_SECONDS)
            self.assertFalse(terminal.is_echoing())
            terminal.type("sk_live_of_the_other_mode\n")
            terminal.expect("begins with sk_test_")
            terminal.answer(f"{self.name}/stripe-api-key (Enter skips): ", API_KEY)
            terminal.expect("/webhooks/stripe\n")
            terminal.answer(f"{self.name}/stripe-webhook-secret (Enter skips): ", SIGNING_SECRET)
            self.assertEqual(terminal.ended(), 0, terminal.shown)
            self.assertTrue(terminal.is_echoing())
        self.assertIn("Still empty: easypost-api-key, easypost-webhook-secret, canary.", terminal.shown)
        for secret in (API_KEY, SIGNING_SECRET, "sk_live_of_the_other_mode"):
            self.assertNotIn(secret, terminal.shown)
            self.assertNotIn(secret, self.config.read_text())

        self.assertEqual(self.secret("stripe-api-key"), API_KEY)
        self.assertEqual(self.secret("stripe-webhook-secret"), SIGNING_SECRET)
        self.assertEqual(self.secret("easypost-api-key"), "")
        self.assertEqual(self.invoke("health", {"rawPath": "/health"})["statusCode"], 200)
        (deployed,) = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        deploy_id = {one["ParameterKey"]: one["ParameterValue"] for one in deployed["Parameters"]}["DeployId"]
        self.assertRegex(deploy_id, "^[0-9a-f]{12}$")
        self.assertEqual(self.stripe_webhook(SIGNING_SECRET), 200)
        self.assertEqual(self.stripe_webhook("whsec_another"), 400)
        # An empty secret is our fault and not the sender's, who has to send the webhook again.
        sample = json.loads(next((ROOT / "events" / "carrier-webhook").glob("*.json")).read_text())
        self.assertEqual(self.invoke("carrier-webhook", sample)["statusCode"], 503)

        again = self.without_terminal("secrets", "--stack", self.name)
        self.assertIn(f"put-secret-value --secret-id {self.name}/easypost-api-key --secret-string file:///dev/stdin", again)

    def test_a_stack_that_accepts_no_update_is_found_before_anything_is_compiled(self) -> None:
        formation = self.client("cloudformation")
        of_no_pool = {"Type": "AWS::Cognito::UserPoolGroup", "Properties": {"UserPoolId": "us-east-1_none", "GroupName": "x"}}
        formation.create_stack(StackName=self.name, TemplateBody=json.dumps({"Resources": {"Group": of_no_pool}}))
        self.addCleanup(formation.delete_stack, StackName=self.name)
        with self.assertRaises(WaiterError):
            waiter = formation.get_waiter("stack_create_complete")
            waiter.wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        self.environment |= {"STACK": self.name, "ALARM_EMAIL": "ops@shop.example", "MAIL_FROM": "orders@shop.example"}
        done = self.run_without_terminal("deploy", "--config", str(self.config))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"The stack {self.name} is in the state ROLLBACK_COMPLETE and accepts no update", done.stderr)
        self.assertNotIn("compiling", done.stderr)

    def test_a_quota_below_what_the_queues_need_warns(self) -> None:
        session = boto3.Session(region_name=self.environment["AWS_REGION"])
        for needed, warns in ((10, False), (100_000, True)):
            with contextlib.redirect_stderr(io.StringIO()) as shown:
                preflight.warn_of_quota(session, needed)
            self.assertEqual("WARNING: this account runs at most" in shown.getvalue(), warns, shown.getvalue())

    def terminal(self) -> Terminal:
        arguments = ["deploy", "--config", str(self.config), "--arch", build.architecture(), "--compiled", "1"]
        return Terminal(arguments, self.environment)

    def without_terminal(self, *arguments: str) -> str:
        done = self.run_without_terminal(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def run_without_terminal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "local", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def secret(self, name: str) -> str:
        return self.client("secretsmanager").get_secret_value(SecretId=f"{self.name}/{name}")["SecretString"]

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        sample = json.loads((ROOT / "events" / "stripe-webhook" / "payment-intent-succeeded.json").read_text())
        answer = self.client("lambda").invoke(
            FunctionName=f"{self.name}-{function}", Payload=json.dumps({**sample, **event}).encode()
        )
        return json.loads(answer["Payload"].read())

    def stripe_webhook(self, secret: str) -> int:
        sample = json.loads((ROOT / "events" / "stripe-webhook" / "payment-intent-succeeded.json").read_text())
        body = base64.b64decode(sample["body"]) if sample["isBase64Encoded"] else sample["body"].encode()
        at = str(int(time.time()))
        signature = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {name: value for name, value in sample["headers"].items() if name.lower() != "stripe-signature"}
        return self.invoke("stripe-webhook", {"headers": {**headers, "stripe-signature": f"t={at},v1={signature}"}})[
            "statusCode"
        ]

    def delete(self) -> None:
        """The stack, and its user pool, which a deleted stack keeps."""
        formation = self.client("cloudformation")
        pools = [
            resource["PhysicalResourceId"]
            for page in formation.get_paginator("list_stack_resources").paginate(StackName=self.name)
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Cognito::UserPool"
        ]
        formation.delete_stack(StackName=self.name)
        formation.get_waiter("stack_delete_complete").wait(StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        for pool in pools:
            self.client("cognito-idp").delete_user_pool(UserPoolId=pool)
