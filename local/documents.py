"""`make docs`: writes the documents that repeat the template, `docs/configuration.md` and `docs/access.md`.

`make check` calls `stale` and fails if a document differs from what the template says now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from bench import page

from . import console, roles
from .naming import kebab
from .settings import ROOT, TEMPLATE
from .template import kinds

Template = dict[str, Any]

STREAM = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
RECEIVE = set(kinds.RECEIVE)
SEND = {"SendMessage*"}
LOGS = {"CreateLogStream", "PutLogEvents"}

GENERATED = "<!-- Generated from template.yaml by `make docs`. Edit the template, not this file. -->"


def write() -> int:
    for path, text in _documents():
        path.write_text(text)
        console.say(f"  {path.relative_to(ROOT)}")
    return 0


def stale() -> list[str]:
    """The generated documents that do not match the template."""
    return [str(path.relative_to(ROOT)) for path, text in _documents() if not path.exists() or path.read_text() != text]


def _documents() -> Iterator[tuple[Path, str]]:
    template = read_template()
    yield ROOT / "docs" / "configuration.md", _configuration(template)
    yield ROOT / "docs" / "access.md", _access(template)
    yield from page.documents()


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as their long form: `!Ref X` is `{"Ref": "X"}`."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_tag)


def read_template(path: Path = TEMPLATE) -> Template:
    return yaml.load(path.read_text(), _Loader)


def routes(template: Template) -> dict[str, list[str]]:
    """The routes of the HTTP API by the function that answers them, each as in `GET /orders`."""
    found: dict[str, list[str]] = {}
    for route, function, _ in _operations(template):
        found.setdefault(function, []).append(route)
    return found


def _operations(template: Template) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each route with its function and its operation in the API's definition."""
    for path, methods in template["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"].items():
        for method, operation in methods.items():
            _, named = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            yield f"{method.upper()} {path}", named["Function"]["Ref"].removesuffix(".Alias"), operation


def _configuration(template: Template) -> str:
    parts = [
        "# Configuration",
        GENERATED,
        "`make deploy` asks for the few parameters that every shop has to choose, and writes all of them into `samconfig.toml` "
        "with their defaults. Change one there, then run `make deploy` again. "
        "A parameter with choices or a least or greatest value shows them in its default column.",
    ]
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        rows = [_parameter(name, template["Parameters"][name]) for name in group["Parameters"]]
        table = "\n".join(["| parameter | default | meaning |", "|---|---|---|", *rows])
        parts += [f"## {group['Label']['default']}", table]
    parts += [
        "## Combinations that are refused",
        "CloudFormation checks them before it changes anything.",
        "\n".join(
            f"- {assertion['AssertDescription']}"
            for rule in template.get("Rules", {}).values()
            for assertion in rule["Assertions"]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _parameter(name: str, parameter: dict[str, Any]) -> str:
    default = str(parameter.get("Default", ""))
    bounds = []
    if (allowed := parameter.get("AllowedValues")) and len(allowed) <= 6:
        bounds.append("one of " + ", ".join(str(value) for value in allowed))
    for key, word in (("MinValue", "from"), ("MaxValue", "to")):
        if key in parameter:
            bounds.append(f"{word} {parameter[key]}")
    without = "–" if "Default" in parameter else "required"
    shown = " ".join([f"`{default}`" if default else without, *([f"({' '.join(bounds)})"] if bounds else [])])
    return f"| `{name}` | {shown} | {parameter['Description']} |"


def _access(template: Template) -> str:
    functions = {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    by_service: dict[str, list[str]] = {}
    for name, properties in functions.items():
        by_service.setdefault(_service(kebab(name)), []).append(_row(template, name, properties))
    header = "| function | trigger | tables | queues, topics, secrets, other |\n|---|---|---|---|"
    parts = [
        "# Access",
        GENERATED,
        "## Who may send what",
        "A caller has the highest role whose group its token names: `admin` (`AdminGroupName`) operates the stack, `staff` "
        "(`StaffGroupName`) does the daily work of the shop, `viewer` (`ViewerGroupName`) only looks, and everyone else with a "
        "token is a customer. `yes`: about everyone's orders. `own`: about one's own alone, another's is answered `404`. "
        "`–`: `403`. With the ticket of `POST /live/tickets` a customer follows their own orders, and who works for the shop "
        "every order. A test sends each row as each caller. What is not here needs no token: `GET /health`, the files of the "
        "console and of the shop, and the webhooks, which are signed. The table is in `local/roles.py`.",
        roles.table(_signed_in(template)),
        "## What each function may do",
        "What triggers each function, and what its role may do besides writing to the log group of its service. A function has "
        "no other grants; the local stack enforces them. "
        "`…Queue` and `…DeadLetters` are the function's own work queue and dead-letter queue unless they are named.",
    ]
    for service in sorted(by_service):
        parts += [f"### {service}", "\n".join([header, *sorted(by_service[service])])]
    return "\n\n".join(parts) + "\n"


def _signed_in(template: Template) -> Iterator[str]:
    """The routes of the HTTP API that need a token."""
    return (route for route, _, operation in _operations(template) if "security" not in operation)


def _service(function: str) -> str:
    return next(path.parts[-4] for path in ROOT.glob(f"functions/*/src/bin/{function}.rs"))


def _row(template: Template, name: str, properties: dict[str, Any]) -> str:
    role = template["Resources"][_text(properties["Role"])]["Properties"]
    tables, others = _grants(name, role["Policies"])
    cells = [[f"`{kebab(name)}`"], _triggers(template, name, properties), tables, others]
    return f"| {' | '.join('<br>'.join(cell) or '–' for cell in cells)} |"


def _triggers(template: Template, name: str, properties: dict[str, Any]) -> list[str]:
    found = [f"`{route}`" for route in routes(template).get(name, [])]
    for event in properties.get("Events", {}).values():
        found.append(f"schedule `{_text(event['Properties']['Schedule'])}`")
    found.extend(_socket_triggers(template, name))
    for resource in template["Resources"].values():
        details = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" and _text(details["FunctionName"]) == name:
            source = _text(details["EventSourceArn"])
            found.append(f"stream of {source}" if source.endswith("Table") else source)
        if resource["Type"] == "AWS::SNS::Subscription" and _text(details["Endpoint"]) == f"{name}Queue":
            events = (details.get("FilterPolicy") or {}).get("type", ["every event"])
            found.append(f"{_text(details['TopicArn'])}: {', '.join(_text(event) for event in events)}")
    return found


def _socket_triggers(template: Template, name: str) -> Iterator[str]:
    """The routes of a WebSocket API, and its authorizer."""
    of_api = {key: value for key, value in template["Resources"].items() if value["Type"].startswith("AWS::ApiGatewayV2::")}
    invokes = {key for key, value in of_api.items() if f"'{name}.Alias'" in str(value["Properties"])}
    for key, resource in of_api.items():
        details = resource["Properties"]
        if key in invokes and resource["Type"].endswith("::Authorizer"):
            yield f"authorizer of {_text(details['ApiId'])}"
        if resource["Type"].endswith("::Route") and _text(details["Target"]) in invokes:
            yield f"{_text(details['ApiId'])} `{details['RouteKey']}`"


def _grants(name: str, policies: list[Any]) -> tuple[list[str], list[str]]:
    """What the role may do: to tables, and to anything else."""
    tables: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            _statement(statement, tables, others)
    own = {f"{name}Queue": "…Queue", f"{name}DeadLetters": "…DeadLetters"}
    return _lines(tables, own), _lines(others, own)


def _lines(grants: dict[str, list[str]], own: dict[str, str]) -> list[str]:
    """`Orders: Query, PutItem` for each resource; resources with equal grants share a line."""
    alike: dict[str, list[str]] = {}
    for on, may in grants.items():
        alike.setdefault(", ".join(dict.fromkeys(may)), []).append(own.get(on, on))
    return [f"{', '.join(on)}: {may}" for may, on in alike.items()]


def _statement(statement: dict[str, Any], tables: dict[str, list[str]], others: dict[str, list[str]]) -> None:
    if "Fn::If" in statement:
        statement = statement["Fn::If"][1]  # the grant where the condition holds
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    resource = statement.get("Resource", "everything but topics" if "NotResource" in statement else "")
    if isinstance(resource, dict) and "Fn::If" in resource:
        resource = resource["Fn::If"][1]
    resources = resource if isinstance(resource, list) else [resource]
    verbs = [action.partition(":")[2] for action in actions]
    if set(verbs) == LOGS:
        return  # every function writes to the log group of its service
    for meant, word in ((STREAM, "read the stream"), (RECEIVE, "receive"), (SEND, "send")):
        if set(verbs) == meant:
            verbs = [word]
    kind = tables if actions[0].startswith("dynamodb:") else others
    may = ", ".join(verbs) + _narrowed(statement.get("Condition"))
    # A function and its alias have one name here.
    for resource in dict.fromkeys(map(_text, resources)):
        kind.setdefault(resource, []).append(may)


def _narrowed(condition: dict[str, Any] | None) -> str:
    """The condition of a grant; the keys that a table's grant is narrowed to."""
    if not condition:
        return ""
    (key, value), *_ = (pair for operands in condition.values() for pair in operands.items())
    return f" (keys `{_text(value)}`)" if key == "dynamodb:LeadingKeys" else f" (if {key} = {_text(value)})"


def _text(value: Any) -> str:
    """A value of the template in words: the resource's name where it refers to one."""
    match value:
        case {"Ref": name}:
            return _text(name).removeprefix("AWS::").removesuffix(".Alias")
        case {"Fn::GetAtt": [name, *_]}:
            return _text(name)
        case {"Fn::Sub": [text, _]}:
            return _text({"Fn::Sub": text})
        case {"Fn::Sub": str(text)}:
            secret = re.search(r":secret:\$\{AWS::StackName\}/([\w/*-]+?)(?:-\?+)?$", text)
            if secret:
                return f"secret `{secret[1]}`"
            index = re.search(r"\$\{(\w+)\.Arn\}/index/([\w*-]+)", text)
            if index:
                return f"{index[1]} index {index[2]}"
            several = re.search(r":(function|deploymentgroup):\$\{AWS::StackName\}(-\S+)$", text)
            if several:
                return f"{several[1]}s `<stack>{several[2]}`"
            named = re.findall(r"\$\{(\w+)(?:\.\w+)?\}", text)
            return named[0] if named else text.rsplit(":", 1)[-1]
        case list():
            return ", ".join(_text(item) for item in value)
        case dict():
            return json.dumps(value)
    return str(value)
