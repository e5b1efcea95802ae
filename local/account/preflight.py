"""What is checked before anything is compiled, because neither CloudFormation nor its rules can: names, credentials, quotas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from .. import build, console
from ..credentials import explained
from ..settings import FUNCTIONS
from ..trouble import Trouble

# The properties that name a resource, and how long AWS lets the name be.
LONGEST_NAMES = {
    "AWS::Serverless::Function": ("FunctionName", 64),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::Scheduler::Schedule": ("Name", 64),
    "AWS::Cognito::UserPool": ("UserPoolName", 128),
    "AWS::Cognito::UserPoolClient": ("ClientName", 128),
    "AWS::SES::ConfigurationSet": ("Name", 64),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
}
LONGEST_STACK_NAME = 128
# A source without a cap starts with as many concurrent batches.
UNCAPPED_SOURCE = 5
# For callers of the API, beside the queues and streams.
FOR_THE_API = 50
# A stack in one of these states accepts no update.
BEYOND_REPAIR = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
# `e_machine` in the head of a Linux program, at this offset.
MACHINE_AT, MACHINES = 18, {0x3E: "x86_64", 0xB7: "arm64"}


def longest_stack_name(template: Mapping[str, Any]) -> int:
    longest = LONGEST_STACK_NAME
    for resource in template["Resources"].values():
        property_name, limit = LONGEST_NAMES.get(resource["Type"], ("", 0))
        match resource.get("Properties", {}).get(property_name):
            case {"Fn::Sub": str(name)} if "${AWS::StackName}" in name:
                longest = min(longest, limit - len(name.replace("${AWS::StackName}", "")))
    return longest


def concurrency(template: Mapping[str, Any]) -> int:
    """How many invocations the queues and streams may need at the same moment."""
    sources = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::EventSourceMapping"]
    return sum(_at_once(source, template["Parameters"]) for source in sources)


def _at_once(source: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    if "StartingPosition" in source:
        return int(source.get("ParallelizationFactor", 1))
    cap = source.get("ScalingConfig", {}).get("MaximumConcurrency", UNCAPPED_SOURCE)
    return int(parameters[cap["Ref"]]["Default"] if isinstance(cap, dict) else cap)


def sign_in(session: boto3.Session) -> str:
    """The account's id. Shows which account and region the deploy goes to."""
    if not session.region_name:
        raise Trouble("No AWS region is set: say REGION=…, or `export AWS_REGION=…`, the region of the stack.")
    with console.waiting("looking for AWS credentials"), explained():
        caller = session.client("sts").get_caller_identity()
    console.say(f"  account {caller['Account']}, region {session.region_name}, as {caller['Arn']}")
    return caller["Account"]


def check_stack(session: boto3.Session, name: str) -> bool:
    """Whether the stack is deployed already. One that accepts no update is found here, before the functions are compiled."""
    status = stack_status(session, name)
    if status in BEYOND_REPAIR:
        raise Trouble(
            f"The stack {name} is in the state {status} and accepts no update: delete it with"
            f" `aws cloudformation delete-stack --stack-name {name} --region {session.region_name}`, then `make deploy` again."
        )
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        raise Trouble(f"The stack {name} is in the state {status}: wait for that to end, then `make deploy` again.")
    return status not in ("", "REVIEW_IN_PROGRESS")


def stack_status(session: boto3.Session, name: str) -> str:
    with console.waiting(f"looking for the stack {name}"), explained():
        try:
            return session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return ""
            raise


def warn_of_quota(session: boto3.Session, needed: int) -> None:
    """A new account may run as few as 10 functions at once. The stack works, slowly, so this is no error."""
    try:
        with console.waiting("reading Lambda's quota"), explained():
            allowed = session.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    except Trouble as trouble:
        console.say(f"  Lambda's quota is not known. {trouble}")
        return
    if allowed < needed + FOR_THE_API:
        console.say(
            f"  WARNING: this account runs at most {allowed} functions at once in {session.region_name}. The queues and streams"
            f" of this stack alone may need {needed}, and then no request of a customer is answered. Ask for 1,000: AWS console"
            " → Service Quotas → AWS Lambda → Concurrent executions."
        )


def check_binaries(architecture: str) -> None:
    """For a deploy of what was compiled before: another processor's program fails only when it is invoked."""
    for name, binary in build.binaries().items():
        machine = MACHINES.get(int.from_bytes(binary[MACHINE_AT : MACHINE_AT + 2], "little"), "another processor")
        if machine != architecture:
            raise Trouble(
                f"{FUNCTIONS.name}/{name} was compiled for {machine}, not for {architecture}: set ARCH={machine}, or leave out"
                " COMPILED=1."
            )
