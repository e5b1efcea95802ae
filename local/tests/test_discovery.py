"""A consumer that knows the name of the stack alone finds its topics, contracts and API; the example in examples/ does so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import unittest
import uuid
from collections.abc import Callable
from typing import Any

import boto3

from .. import documents, tools
from ..settings import ROOT, SAM_CONFIG, STACK_NAME, aws_environment

EXAMPLE = ROOT / "examples" / "subscriber"
WIRE = ROOT / "shared" / "events" / "tests" / "wire"
PARAMETERS = {
    resource["Properties"]["Name"]["Fn::Sub"].removeprefix("/${AWS::StackName}/"): resource["Properties"]["Value"]
    for resource in documents.read_template()["Resources"].values()
    if resource["Type"] == "AWS::SSM::Parameter"
}
SECONDS = 30.0


class Published(unittest.TestCase):
    def test_each_topic_has_its_contract_beside_it(self) -> None:
        services = {service for kind, _, service in (name.partition("/") for name in PARAMETERS) if kind == "topics"}
        self.assertEqual(services, {"catalog", "orders", "payments", "inventory", "shipping"})
        expected = {"api/url", *(f"{kind}/{service}" for kind in ("topics", "contracts") for service in services)}
        self.assertEqual(set(PARAMETERS), expected)

    def test_a_contract_has_every_event_with_the_version_that_is_published(self) -> None:
        published: dict[str, dict[str, int]] = {}
        for path in WIRE.glob("*.json"):
            service, kind, _ = path.name.split(".")
            published.setdefault(service, {})[kind] = json.loads(path.read_text())["dataversion"]
        stated = {
            name.partition("/")[2]: json.loads(value) for name, value in PARAMETERS.items() if name.startswith("contracts/")
        }
        self.assertEqual(stated, published)


@unittest.skipUnless("CONVEYOR_API_URL" in os.environ, "the local stack is not up: `make test` runs this")
class Subscriber(unittest.TestCase):
    def setUp(self) -> None:
        self.name = f"parcels-{uuid.uuid4().hex[:8]}"
        self.topic = self.parameter("topics/shipping")

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=os.environ["AWS_REGION"])

    def parameter(self, name: str) -> str:
        return self.client("ssm").get_parameter(Name=f"/{STACK_NAME}/{name}")["Parameter"]["Value"]

    def test_the_example_subscribes_by_discovery_and_records_a_parcel_once(self) -> None:
        self.addCleanup(self.client("cloudformation").delete_stack, StackName=self.name)
        self.deploy()
        order = uuid.uuid4().hex
        shipped = json.loads((WIRE / "shipping.Shipped.json").read_text()) | {"id": f"shipping/{order}/3", "subject": order}
        delivered = json.loads((WIRE / "shipping.Delivered.json").read_text()) | {"id": f"shipping/{order}/4", "subject": order}
        held = json.loads((WIRE / "shipping.ShipmentHeld.json").read_text()) | {"id": f"shipping/{order}/5", "subject": order}
        for event in (delivered, held, shipped, shipped):
            self.publish(event)
        parcel = self.until(lambda: self.parcel(order), lambda item: {"shipped_at", "delivered_at"} <= item.keys())
        self.assertEqual((parcel["carrier"], parcel["tracking_code"]), ({"S": "DHL"}, {"S": "T1"}))
        self.assertEqual(parcel["order_url"], {"S": f"{self.parameter('api/url')}/orders/{order}"})
        # The filter admits neither what is held nor a type of another topic.
        self.assertEqual(set(parcel), {"order_id", "order_url", "shipped_at", "carrier", "tracking_code", "delivered_at"})

    def deploy(self) -> None:
        command = [str(tools.program("tools", "sam")), "deploy", "--config-file", str(SAM_CONFIG), "--stack-name", self.name]
        command += ["--template-file", str(EXAMPLE / "template.yaml"), "--region", os.environ["AWS_REGION"], "--resolve-s3"]
        command += ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"]
        command += ["--parameter-overrides", f"ConveyorStack={STACK_NAME}"]
        environment = aws_environment(os.environ["AWS_ENDPOINT_URL"])
        done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")

    def publish(self, event: dict[str, Any]) -> None:
        """As publish-events does."""
        attribute = {"DataType": "String", "StringValue": event["type"]}
        self.client("sns").publish(TopicArn=self.topic, Message=json.dumps(event), MessageAttributes={"type": attribute})

    def parcel(self, order: str) -> dict[str, Any]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        table = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}["TableName"]
        return self.client("dynamodb").get_item(TableName=table, Key={"order_id": {"S": order}}).get("Item", {})

    def until(self, read: Callable[[], dict[str, Any]], is_done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while not is_done(found := read()):
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.2)
        return found


class Handler(unittest.TestCase):
    def test_a_newer_version_and_an_unreadable_message_return_alone(self) -> None:
        shipped = json.loads((WIRE / "shipping.Shipped.json").read_text())
        bodies = {
            "newer": json.dumps(shipped | {"dataversion": 2}),
            "unreadable": "no JSON",
            "other": json.dumps(shipped | {"type": "X"}),
        }
        records = [{"messageId": name, "body": body} for name, body in bodies.items()]
        program = f"import json, record_parcel; print(json.dumps(record_parcel.handler({{'Records': {records!r}}}, None)))"
        environment = {
            "TABLE_NAME": "parcels",
            "API_URL": "https://api.example",
            "CONTRACT": json.dumps({"Shipped": 2, "Delivered": 1}),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=EXAMPLE / "src", env=environment, capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        *logged, answer = map(json.loads, done.stdout.splitlines())
        self.assertEqual([failed["itemIdentifier"] for failed in answer["batchItemFailures"]], ["newer", "unreadable"])
        self.assertEqual(logged[0]["message"], "Shipped has version 2; this code reads 1")
