"""Moves what watches the stack, alarms and the dashboard, into `alarms.yaml`, a stack nested in that of `template.yaml`.

CloudFormation takes 500 resources in one template, and a third of them were alarms. The nested template names what it watches
as the whole does: each resource or parameter that it refers to is a parameter of its own, with the same name. Only the stack's
name has another there, `Stack`.
"""

from __future__ import annotations

from typing import Any

from .document import Items, Map, Tagged
from .function import ref, typed

FILE = "alarms.yaml"
STACK = "AWS::StackName"
WATCHING = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard")
# An alarm that stops a deploy belongs to the deploy.
STAYS = "DeployAlarm"


def split(whole: Map) -> Map:
    """Takes the alarms and the dashboard out of the template, nests their stack there, and returns that one's template."""
    watching = Map()
    for name in list(whole["Resources"]):
        written_out = _written_out(name, whole["Resources"][name])
        if all(_watches(*resource) for resource in written_out.items()):
            watching |= written_out
            del whole["Resources"][name]
    passed: dict[str, Any] = {"Stack": ref(STACK)}
    of_alarms = [resource["Condition"] for resource in watching.values() if "Condition" in resource]
    conditions = Map({name: whole["Conditions"][name] for name in dict.fromkeys(of_alarms)})
    for name in [name for name in conditions if not _mentions(whole["Resources"], name)]:
        del whole["Conditions"][name]
    watching = _renamed(watching, whole, passed)
    conditions = _renamed(conditions, whole, passed)
    nested = Map(
        AWSTemplateFormatVersion="2010-09-09",
        Description="What watches a stack of Conveyor: its alarms and its dashboard.",
        Parameters=Map({name: Map(Type="String") for name in passed}),
        Mappings=whole.pop("Mappings"),
        Conditions=conditions,
        Resources=watching,
    )
    whole["Resources"]["Alarms"] = typed("AWS::CloudFormation::Stack", TemplateURL=FILE, Parameters=Map(passed))
    return nested


def _watches(name: str, resource: Map) -> bool:
    return resource["Type"] in WATCHING and not name.endswith(STAYS)


def _written_out(name: str, resource: Any) -> Map:
    """A `Fn::ForEach` needs a transform, which not every tool applies to a nested template. So it is written out."""
    if not name.startswith("Fn::ForEach::"):
        return Map({name: resource})
    variable, values, body = resource
    made = Map()
    for value in values:
        for key, content in body.items():
            letters = "".join(letter for letter in value if letter.isalnum())
            made[key.replace(f"&{{{variable}}}", letters)] = _with_value(content, variable, value)
    return made


def _with_value(content: Any, variable: str, value: str) -> Any:
    if isinstance(content, Tagged):
        if content.tag == "!Ref" and content.value == variable:
            return value
        inside = _with_value(content.value, variable, value)
        if content.tag == "!Sub" and isinstance(inside, str) and "${" not in inside:
            return inside  # no reference is left
        return Tagged(content.tag, inside)
    if isinstance(content, str):
        return content.replace(f"${{{variable}}}", value)
    return _each(content, lambda item: _with_value(item, variable, value))


def _mentions(content: Any, name: str) -> bool:
    if isinstance(content, Tagged):
        return _mentions(content.value, name)
    if isinstance(content, Map):
        return any(_mentions(value, name) for value in content.values())
    if isinstance(content, Items):
        return any(_mentions(value, name) for value in content)
    return bool(content == name)


def _renamed(content: Any, whole: Map, passed: dict[str, Any]) -> Any:
    """References become those to parameters of the nested template, which `passed` collects with their values."""
    if isinstance(content, Tagged):
        if content.tag in ("!Ref", "!GetAtt"):
            return ref(_parameter(content.value, whole, passed))
        return Tagged(content.tag, _renamed(content.value, whole, passed))
    if isinstance(content, str):
        return _substituted(content, whole, passed)
    return _each(content, lambda item: _renamed(item, whole, passed))


def _substituted(text: str, whole: Map, passed: dict[str, Any]) -> str:
    before, *rest = text.split("${")
    for part in rest:
        name, _, after = part.partition("}")
        before += "${" + _parameter(name, whole, passed) + "}" + after
    return before


def _parameter(name: str, whole: Map, passed: dict[str, Any]) -> str:
    """`TakePaymentQueue.QueueName` is passed as `TakePaymentQueueName`. Names of neither kind are left alone."""
    resource, _, attribute = name.partition(".")
    if name == STACK:
        return "Stack"
    if resource not in whole["Resources"] and resource not in whole["Parameters"]:
        return name
    own = resource + attribute.removeprefix("Queue").removeprefix("Topic") if attribute else resource
    passed[own] = Tagged("!GetAtt", name) if attribute else ref(name)
    return own


def _each(content: Any, change: Any) -> Any:
    if isinstance(content, Map):
        made = Map({key: change(value) for key, value in content.items()})
        made.flow = content.flow
        return made
    if isinstance(content, Items):
        made = Items(map(change, content))
        made.flow = content.flow
        return made
    return content
