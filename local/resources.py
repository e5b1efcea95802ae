"""What CloudFormation gets after both transforms, against AWS's limits. References count with their greatest length.

The SAM CLI's own library translates the template, without an account. Only the tools' environment has that library, so `check`
starts this module again on the tools' Python.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

from . import console, tools
from .settings import LOOPBACK, NESTED, REGION, ROOT, TEMPLATE, aws_environment
from .trouble import Trouble

# Each with what is accepted here, and what AWS accepts.
LIMITS = {
    "resources": (450, 500),
    "resources of the nested template": (450, 500),
    "parameters of the nested template": (190, 200),
    "parameters": (150, 200),
    "outputs": (150, 200),
    "bytes of the template": (900_000, 1_000_000),
    "characters of the largest role's policies": (9_000, 10_240),
    "bytes of the largest environment": (4_096, 4_096),
    "characters of the longest description of a function": (256, 256),
}
# The parameters with which the template is largest.
LARGEST = {"GradualDeploys": "true"}
# What a reference may become: an ARN or the address of a queue, at its longest.
REFERENCE = "r" * 134


def check() -> None:
    with console.waiting("translating the template"):
        done = subprocess.run(
            [str(tools.program("tools", "python")), "-m", "local.resources"],
            cwd=ROOT,
            env=aws_environment(f"http://{LOOPBACK}:9"),
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise Trouble(f"The template cannot be translated: {done.stderr.strip() or done.stdout.strip()}")
    measured = json.loads(done.stdout)
    for what, (most, accepted) in LIMITS.items():
        if measured[what] > most:
            raise Trouble(
                f"The template has {measured[what]} {what} after translation, more than {most}. AWS accepts {accepted}:"
                " make it smaller, or move a service into a stack of its own."
            )
    console.say(f"  after translation the template has {', '.join(f'{measured[what]} {what}' for what in LIMITS)}")


def _measured() -> dict[str, int]:
    from samcli.yamlhelper import yaml_parse

    template, nested = _translated(), yaml_parse(NESTED.read_text())
    resources = template["Resources"].values()
    policies = [
        sum(len(_compact(policy["PolicyDocument"])) for policy in resource["Properties"].get("Policies", []))
        for resource in resources
        if resource["Type"] == "AWS::IAM::Role"
    ]
    functions = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::Lambda::Function"]
    environments = [function.get("Environment", {}).get("Variables", {}) for function in functions]
    return {
        "resources": len(template["Resources"]),
        "resources of the nested template": len(nested["Resources"]),
        "parameters of the nested template": len(nested["Parameters"]),
        "parameters": len(template["Parameters"]),
        "outputs": len(template["Outputs"]),
        "bytes of the template": len(json.dumps(template).encode()),
        "characters of the largest role's policies": max(policies),
        "bytes of the largest environment": max(
            sum(len(name) + len(_variable(value, template["Parameters"])) for name, value in environment.items())
            for environment in environments
        ),
        "characters of the longest description of a function": max(len(function["Description"]) for function in functions),
    }


def _translated() -> Any:
    from samcli.lib.translate.sam_template_validator import SamTemplateValidator
    from samcli.yamlhelper import yaml_parse

    validator = SamTemplateValidator(
        yaml_parse(TEMPLATE.read_text()),
        _NoManagedPolicies(),
        region=REGION,
        parameter_overrides=LARGEST,
        language_extensions_enabled=True,
    )
    return yaml_parse(validator.get_translated_template_if_valid())


def _compact(document: Any) -> str:
    return json.dumps(_with_references(document), separators=(",", ":"))


def _with_references(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_references(item) for item in value]
    if isinstance(value, dict):
        is_intrinsic = len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))
        return _resolved(value) if is_intrinsic else {key: _with_references(item) for key, item in value.items()}
    return _resolved(value) if isinstance(value, str) else value


def _variable(value: Any, parameters: dict[str, Any]) -> str:
    """The same for a variable of a function: a parameter may bound its values."""
    match value:
        case {"Ref": str(name)} if "AllowedValues" in parameters.get(name, {}):
            return max(map(str, parameters[name]["AllowedValues"]), key=len)
        case {"Ref": str(name)} if "MaxLength" in parameters.get(name, {}):
            return "r" * int(parameters[name]["MaxLength"])
    return _resolved(value)


def _resolved(value: Any) -> str:
    """A text as long as the value may become. Every `${…}` of a list of queues is a queue's address."""
    match value:
        # The library leaves the text of a `Fn::Sub` alone in its place.
        case {"Fn::Sub": str(text)} | str(text):
            pieces = text.split("${")
            return pieces[0] + "".join(_substituted(piece) for piece in pieces[1:])
        case {"Fn::If": [_, then, otherwise]}:
            return max(_compact(then), _compact(otherwise), key=len)
        case dict():
            return REFERENCE
    return str(value)


def _substituted(piece: str) -> str:
    name, _, rest = piece.partition("}")
    short = {"AWS::StackName": 43, "AWS::Region": 14, "AWS::AccountId": 12, "AWS::Partition": 10, "AWS::URLSuffix": 16}
    return "r" * short.get(name, len(REFERENCE)) + rest


class _NoManagedPolicies:
    """The template names no managed policy; a look-up of their list would call AWS."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    print(json.dumps(_measured()))
