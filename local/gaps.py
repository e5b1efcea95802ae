"""Sets what the emulator ignores in the template, after the deploy, with the APIs that AWS has too.

It ignores the `Body` of an HTTP API (where SAM puts routes, integrations and the authorizer) and the time to live of a table.
It delivers batches more slowly than AWS. Each function here reads first and changes only what differs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from . import aws, console, deploy
from .account import secret_values
from .settings import MAIL_FROM, REGION, STACK_NAME
from .state import Stack
from .trouble import Trouble

Template = Mapping[str, Any]

BATCH = 10


def fill(stack: Stack) -> None:
    with console.waiting("setting routes, authorizer and time to live, which the emulator ignores"):
        template = _processed_template(stack)
        _routes(stack, template)
        _time_to_live(stack, template)
        _batches(stack)
        _address(stack)
        _sender_identity(stack)
        _secrets(stack)


def _batches(stack: Stack) -> None:
    """The emulator delivers one batch to each consumer per round, and a round takes about half a second. With batches of one
    message, as the template sets for consumers that call a provider, it would handle only two payments a second."""
    functions = aws.client("lambda", stack)
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            if ":sqs:" in mapping["EventSourceArn"] and mapping["BatchSize"] < BATCH:
                functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=BATCH)


def _processed_template(stack: Stack) -> Template:
    body = aws.client("cloudformation", stack).get_template(StackName=STACK_NAME, TemplateStage="Processed")["TemplateBody"]
    return body if isinstance(body, dict) else json.loads(body)


def _routes(stack: Stack, template: Template) -> None:
    gateway, api = aws.client("apigatewayv2", stack), stack.resources["Api"]
    body = template["Resources"]["Api"]["Properties"]["Body"]
    authorizers = _authorizers(gateway, api, body, stack)
    integrations = {item["IntegrationUri"]: item["IntegrationId"] for item in gateway.get_integrations(ApiId=api)["Items"]}
    present = {item["RouteKey"]: item for item in gateway.get_routes(ApiId=api)["Items"]}
    wanted = set()
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            uri = _resolve(integration["uri"], stack)
            if uri not in integrations:
                integrations[uri] = gateway.create_integration(
                    ApiId=api,
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=uri,
                    PayloadFormatVersion=integration["payloadFormatVersion"],
                )["IntegrationId"]
            route = {"RouteKey": f"{method.upper()} {path}", "Target": f"integrations/{integrations[uri]}"}
            route |= _authorization(operation, authorizers)
            wanted.add(route["RouteKey"])
            _put_route(gateway, api, route, present.get(route["RouteKey"]))
    for key in present.keys() - wanted:
        gateway.delete_route(ApiId=api, RouteId=present[key]["RouteId"])


def _put_route(gateway: Any, api: str, route: dict[str, str], present: dict[str, Any] | None) -> None:
    if present is None:
        gateway.create_route(ApiId=api, **route)
    elif any(present.get(name, "") != value for name, value in route.items()):
        gateway.update_route(ApiId=api, RouteId=present["RouteId"], **route)


def _authorization(operation: Template, authorizers: Mapping[str, str]) -> dict[str, str]:
    """The authorization of a route. An unknown scheme raises an error, so that its route cannot become open."""
    schemes = [name for requirement in operation.get("security", []) for name in requirement if name != "NONE"]
    if not schemes:
        return {"AuthorizationType": "NONE"}
    return {"AuthorizationType": "JWT", "AuthorizerId": authorizers[schemes[0]]}


def _authorizers(gateway: Any, api: str, body: Template, stack: Stack) -> dict[str, str]:
    """Ids of the JWT authorizers by their name in the template."""
    present = {item["Name"]: item for item in gateway.get_authorizers(ApiId=api)["Items"]}
    for name, scheme in body["components"]["securitySchemes"].items():
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        jwt = _resolve(authorizer["jwtConfiguration"], stack)
        settings = {
            "AuthorizerType": "JWT",
            "IdentitySource": [authorizer["identitySource"]],
            "JwtConfiguration": {"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
        }
        if name not in present:
            present[name] = gateway.create_authorizer(ApiId=api, Name=name, **settings)
        elif present[name]["JwtConfiguration"] != settings["JwtConfiguration"]:
            gateway.update_authorizer(ApiId=api, AuthorizerId=present[name]["AuthorizerId"], Name=name, **settings)
    return {name: item["AuthorizerId"] for name, item in present.items()}


def _time_to_live(stack: Stack, template: Template) -> None:
    dynamodb = aws.client("dynamodb", stack)
    for name, resource in template["Resources"].items():
        specification = (
            resource["Properties"].get("TimeToLiveSpecification") if resource["Type"] == "AWS::DynamoDB::Table" else None
        )
        if specification:
            table = stack.resources[name]
            status = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
            if status in ("DISABLED", "DISABLING"):
                dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)


def _address(stack: Stack) -> None:
    """The stack publishes the address that AWS would give its API. Consumers on this machine reach it at another."""
    name, parameters = f"/{STACK_NAME}/api/url", aws.client("ssm", stack)
    if parameters.get_parameter(Name=name)["Parameter"]["Value"] != stack.api:
        parameters.put_parameter(Name=name, Value=stack.api, Type="String", Overwrite=True)


def _sender_identity(stack: Stack) -> None:
    """On AWS the operator verifies the sender once, by the link in an email."""
    ses = aws.client("sesv2", stack)
    if MAIL_FROM not in {item["IdentityName"] for item in ses.list_email_identities()["EmailIdentities"]}:
        ses.create_email_identity(EmailIdentity=MAIL_FROM)


def _secrets(stack: Stack) -> None:
    """Not a gap of the emulator: a stack creates its secrets empty, and on AWS `make deploy` asks for their values."""
    keeper = aws.client("secretsmanager", stack)
    for name, value in deploy.secret_values(stack).items():
        secret_values.put(keeper, f"{STACK_NAME}/{name}", value)


def _resolve(value: Any, stack: Stack) -> Any:
    """The few intrinsic functions that SAM leaves in an API's body."""
    if isinstance(value, list):
        return [_resolve(item, stack) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": name}:
            return _reference(name, stack)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return _arn(name, stack)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: _substitute(found.group(1), stack), text)
        case {"Fn::Sub": [str(text), dict(values)]}:
            for name, named in values.items():
                text = text.replace(f"${{{name}}}", _resolve(named, stack))
            return _resolve({"Fn::Sub": text}, stack)
        case {"Fn::If": ["OwnUserPool", own, _]}:  # the local stack always has its own user pool
            return _resolve(own, stack)
        case _ if any(name.startswith("Fn::") for name in value):
            raise Trouble(
                f"local/gaps.py cannot resolve {', '.join(value)}, which the template's HTTP API uses: add it to `_resolve`."
            )
    return {name: _resolve(item, stack) for name, item in value.items()}


def _substitute(name: str, stack: Stack) -> str:
    resource, dot, attribute = name.partition(".")
    return _arn(resource, stack) if dot and attribute == "Arn" else _reference(name, stack)


def _reference(name: str, stack: Stack) -> str:
    pseudo = {
        "AWS::Region": REGION,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
        "AWS::StackName": STACK_NAME,
    }
    return pseudo.get(name) or stack.resources[name]


def _arn(name: str, stack: Stack) -> str:
    """The ARN of a function: the API integrates nothing else."""
    return f"arn:aws:lambda:{REGION}:000000000000:function:{stack.resources[name]}"
