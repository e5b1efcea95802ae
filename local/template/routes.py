"""Moves the routes of the HTTP API from the functions' events into the API's own definition.

Each function gets one permission. SAM makes the same definition, and a permission for each route, which would be a tenth of the
resources that CloudFormation takes in one template: `docs/decisions/routes-are-written-out.md`.
"""

from __future__ import annotations

import re
from typing import Any

from ..trouble import Trouble
from .document import Items, Map, Tagged, flow
from .function import alias, ref, sub, typed

API = "Api"
INVOKES = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function}/invocations"


def gather(whole: Map) -> None:
    paths = Map()
    resources = Map()
    for name, resource in whole["Resources"].items():
        resources[name] = resource
        # A `Fn::ForEach` is a list, and makes alarms alone.
        if not isinstance(resource, Map) or resource["Type"] != "AWS::Serverless::Function":
            continue
        routes = _taken(name, resource["Properties"])
        for route in routes:
            _add(paths, name, route)
        if routes:
            resources[f"{name}Permission"] = _permission(name)
    whole["Resources"] = resources
    api = whole["Resources"][API]["Properties"]
    api["DefinitionBody"] = Map(
        openapi="3.0.1",
        info=flow(Map(title=ref("AWS::StackName"), version="1.0")),
        paths=paths,
    )


def _taken(name: str, properties: Map) -> list[Map]:
    """The routes among the function's events, which keeps the others."""
    events = properties.get("Events", Map())
    routes = [event["Properties"] for event in events.values() if event["Type"] == "HttpApi"]
    others = Map({key: event for key, event in events.items() if event["Type"] != "HttpApi"})
    if others:
        properties["Events"] = others
    elif routes:
        del properties["Events"]
    for route in routes:
        api = route["ApiId"]
        if not (isinstance(api, Tagged) and api.value == API):
            raise Trouble(f"{name} in template/ has a route of another API than {API}: write that API out, as live.yaml does.")
    return routes


def _add(paths: Map, name: str, route: Map) -> None:
    methods = paths.setdefault(route["Path"], Map())
    method = route["Method"].lower()
    if method in methods:
        raise Trouble(f"template/ has {route['Method']} {route['Path']} twice.")
    authorizer = route.get("Auth", {}).get("Authorizer")
    # Without a word of its own the route gets the API's default authorizer, from SAM.
    security = {"security": Items([Map({authorizer: Items()})])} if authorizer else {}
    integration = Map(type="aws_proxy", httpMethod="POST", payloadFormatVersion="2.0", uri=_uri(name))
    named = [flow(Map({"name": part, "in": "path", "required": True})) for part in re.findall(r"\{([^}]+)\}", route["Path"])]
    parameters = {"parameters": Items(named)} if named else {}
    methods[method] = flow(Map({**security, **parameters, "x-amazon-apigateway-integration": integration, "responses": Map()}))


def _uri(name: str) -> Tagged:
    return Tagged("!Sub", flow(Items([INVOKES, flow(Map(Function=alias(name)))])))


def _permission(name: str) -> Any:
    source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${" + API + "}/*"
    return typed(
        "AWS::Lambda::Permission",
        FunctionName=alias(name),
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=sub(source),
    )
