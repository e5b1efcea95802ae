"""What an operator reaches of a stack, its functions and its tables: of the stack on this machine, or of one on AWS with the
shell's own credentials.
"""

from __future__ import annotations

import getpass
import json
from typing import Any

from botocore.config import Config

from . import aws, state
from .credentials import explained, session
from .naming import ALIAS
from .settings import STACK_NAME
from .trouble import Trouble

# A run takes up to five minutes. A call without an answer is not repeated: the operator looks first what it did.
PATIENT = Config(read_timeout=330, retries={"max_attempts": 0})


class Operator:
    """The functions of one stack, and who calls them."""

    def __init__(self, stack_name: str | None) -> None:
        """`stack_name`: a stack on AWS; without one, the stack on this machine."""
        self.stack_name = stack_name or STACK_NAME
        self._on_aws = bool(stack_name)
        with explained():
            if self._on_aws:
                shell = session()
                self.caller = shell.client("sts").get_caller_identity()["Arn"]
                self._lambda = shell.client("lambda", config=PATIENT)
            else:
                self.caller = getpass.getuser()
                self._lambda = aws.client("lambda", state.running())

    def invoke(self, function: str, command: dict[str, Any]) -> dict[str, Any]:
        """The function's answer. An error that the function reports is a `Trouble` with its message."""
        name = f"{self.stack_name}-{function}"
        missing = (
            f"There is no function `{name}`: is `{self.stack_name}` the name of the stack, and AWS_REGION its region?"
            if self._on_aws
            else f"The local stack has no function `{name}`: `make down`, then `make up`."
        )
        with explained({"ResourceNotFoundException": missing}):
            answer = self._lambda.invoke(FunctionName=name, Qualifier=ALIAS, Payload=json.dumps(command).encode())
            body = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise Trouble(f"{function}: {body.get('errorMessage', body)}")
        return body


def table(stack_name: str | None, service: str) -> tuple[Any, str]:
    """A client, and the name of the service's table."""
    logical = f"{service.capitalize()}Table"
    if stack_name:
        stacks = session().client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        tables = {output["OutputKey"].removesuffix("Name"): output["OutputValue"] for output in stacks[0]["Outputs"]}
        dynamodb = session().client("dynamodb")
    else:
        stack = state.running()
        dynamodb, tables = aws.client("dynamodb", stack), stack.resources
    if logical not in tables:
        raise Trouble(f"No table is called `{service}`: TABLE=… is the name of a service, for example orders.")
    return dynamodb, tables[logical]
