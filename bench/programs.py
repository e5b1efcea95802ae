"""The programs that `make bench` measures: how they are compiled, and the environment that the template gives each."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from local import build, console, documents, web
from local.settings import ROOT
from local.template.function import kebab
from local.trouble import Trouble

from . import samples

Template = dict[str, Any]

# By plain cargo, with the profile of a release and this machine's linker: zig only makes the program run on an older system.
PROFILE = "release"
REFERENCES = ("reference-hello", "reference-put-item", "reference-place-order")
# What the template's defaults leave to the operator, and what a single busy caller needs.
PARAMETERS = {
    "WebhookSources": samples.SENDERS,
    "StripeApiBase": "${provider}",
    "MailFrom": "orders@shop.example",
    "CallbackNetworks": "any",
    "RequestsPerHour": "1000000",
    "AdminRequestsPerHour": "1000000",
    "AWS::StackName": samples.STACK,
    "AWS::Region": "us-east-1",
}


def folder() -> Path:
    return ROOT / "target" / build.host() / PROFILE


def compile_all(functions: list[str]) -> None:
    """Compiles the harness, the references and the functions. cargo shows its own progress."""
    web.build()
    console.say("  compiling the harness")
    _cargo(["--profile", build.PROFILE, "-p", "bench-harness"])
    console.say("  compiling the programs as for a release (the first time: about 10 minutes, and one for each function)")
    # All packages are named, whatever is built of them: cargo chooses the features of the dependencies by the packages, and
    # would compile the SDK again for each other choice.
    _cargo(
        ["--profile", PROFILE, "-p", "bench-references", *build.packages()]
        + [word for name in (*REFERENCES, *functions) for word in ("--bin", name)]
    )


def _cargo(arguments: list[str]) -> None:
    command = ["cargo", "build", "--locked", "--target", build.host(), *arguments]
    if subprocess.run(command, cwd=ROOT, env=build.environment(), stdout=2).returncode != 0:
        raise Trouble("The programs do not compile: see the compiler's output above.")


def zip_bytes(program: Path) -> int:
    """The size of the zip that would be deployed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(program, "bootstrap")
    return len(packed.getvalue())


def environment(function: str, template: Template) -> dict[str, str]:
    """The function's variables, with every reference of the template resolved."""
    variables: dict[str, Any] = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    for name, resource in template["Resources"].items():
        if kebab(name) == function and resource["Type"] == "AWS::Serverless::Function":
            variables |= resource["Properties"].get("Environment", {}).get("Variables", {})
            return {key: _resolved(value, template) for key, value in variables.items()}
    raise Trouble(f"template.yaml has no function `{function}`.")


def _resolved(value: Any, template: Template) -> str:
    match value:
        case {"Ref": name}:
            return _reference(name, template)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"arn:aws:bench:us-east-1:123456789012:{name}" if attribute.endswith("Arn") else f"{name}.{attribute}"
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: _substituted(found[1], template), text)
        case {"Fn::If": [name, then, otherwise]}:
            return _resolved(then if _holds(template["Conditions"][name], template) else otherwise, template)
        case dict() | list():
            raise Trouble(f"bench/programs.py does not resolve {json.dumps(value)}.")
        case bool():
            return str(value).lower()
    return str(value)


def _holds(condition: Any, template: Template) -> bool:
    match condition:
        case {"Fn::Equals": [left, right]}:
            return _resolved(left, template) == _resolved(right, template)
        case {"Fn::Not": [inner]}:
            return not _holds(inner, template)
    raise Trouble(f"bench/programs.py does not decide {json.dumps(condition)}.")


def _substituted(name: str, template: Template) -> str:
    resource, _, attribute = name.partition(".")
    return _resolved({"Fn::GetAtt": [resource, attribute]} if attribute else {"Ref": name}, template)


def _reference(name: str, template: Template) -> str:
    if name in PARAMETERS:
        return PARAMETERS[name]
    if name in template["Parameters"]:
        return _resolved(template["Parameters"][name].get("Default", ""), template)
    kind = template["Resources"].get(name, {}).get("Type", "")
    if kind == "AWS::SQS::Queue":
        return "${endpoint}/123456789012/" + name
    if kind == "AWS::SNS::Topic":
        return f"arn:aws:sns:us-east-1:123456789012:{name}"
    return name


def template() -> Template:
    return documents.read_template()
