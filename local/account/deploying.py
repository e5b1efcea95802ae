"""`make deploy`, from the first question to the stack's address. The package's head explains the order."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from .. import build, console, documents, resources, template, tools
from ..credentials import session
from ..settings import ROOT, TEMPLATE
from ..trouble import Interrupted, Trouble
from . import dialogue, parameters, preflight, questions, secret_values, subscriptions
from .samconfig import Samconfig

CONFIG = ROOT / "samconfig.toml"


class Progress:
    """What is done so far, for the last words of an interrupted run."""

    done = "Nothing was written and nothing was deployed."


def run(options: argparse.Namespace) -> int:
    progress = Progress()
    with _last_words(progress):
        _run(options, progress)
    return 0


def _run(options: argparse.Namespace, progress: Progress) -> None:
    read = documents.read_template()
    config = Samconfig(_config_path(options.config))
    shell = session(profile=config.setting("profile"))
    answers = _answers(options, config, read, shell)
    template.refuse_stale()
    values = _values(options, config, read, answers)
    config.keep(answers["STACK"], answers["REGION"], values, _groups(read))
    config.write()
    progress.done = f"The answers are in {config.path.name}; nothing was deployed."
    console.say(f"\n  the answers and all {len(values)} parameters are in {config.path.name}")

    signed_in = session(answers["REGION"], config.setting("profile"))
    preflight.sign_in(signed_in)
    is_update = preflight.check_stack(signed_in, answers["STACK"])
    resources.check()
    if is_update:
        secret_values.warn_of_empty(signed_in, secret_values.facts(signed_in, answers["STACK"]))
    before = subscriptions.deployed(signed_in, answers["STACK"]) if is_update else {}
    preflight.warn_of_quota(signed_in, preflight.concurrency(read))

    if options.compiled:
        preflight.check_binaries(values["Architecture"])
    else:
        build.release(values["Architecture"])
    others = {name: value for name, value in values.items() if name != "DeployId"}
    values["DeployId"] = build.fingerprint(others)[: build.ID_DIGITS]
    config.keep(answers["STACK"], answers["REGION"], values, _groups(read))
    config.write()
    progress.done = (
        f"CloudFormation may still be working: look with `aws cloudformation describe-stacks --stack-name {answers['STACK']}"
        f" --region {answers['REGION']}`."
    )
    began = datetime.now(UTC)
    _sam_deploy(config, answers)
    stack = secret_values.facts(signed_in, answers["STACK"])
    progress.done = f"The stack {stack.name} is deployed. `make secrets` asks for its secrets."
    secret_values.ask(signed_in, stack, every=False)
    print(f"""
{stack.name} is deployed. Its API: {stack.api}

Next, as docs/deploy.md explains:
  - confirm the first email to {answers["ALARM_EMAIL"]}
  - verify {answers["MAIL_FROM"]} or its domain in Amazon SES
  - make the first admin, and load products and stock""")
    for line in subscriptions.remedies(subscriptions.gained(before, subscriptions.filters(read)), stack.name, began):
        print(line)


def _answers(options: argparse.Namespace, config: Samconfig, read: Mapping[str, Any], shell: boto3.Session) -> dict[str, str]:
    given = {
        name: text
        for name, text in (
            ("STACK", options.stack),
            ("REGION", options.region),
            ("ALARM_EMAIL", options.alarm_email),
            ("MAIL_FROM", options.mail_from),
            ("STRIPE_MODE", options.stripe_mode),
        )
        if text
    }
    asked = questions.questions(_remembered(config, shell), preflight.longest_stack_name(read), _regions(shell))
    return dialogue.answers(asked, given, "make deploy")


def _remembered(config: Samconfig, shell: boto3.Session) -> dict[str, str]:
    """The answers of the last deploy; else the region that the shell names."""
    before = config.parameters()
    modes = {value: mode for mode, value in questions.MODES.items()}
    found = {
        "STACK": config.setting("stack_name"),
        "REGION": config.setting("region") or shell.region_name or "",
        "ALARM_EMAIL": before.get("AlarmEmail", ""),
        "MAIL_FROM": before.get("MailFrom", ""),
        "STRIPE_MODE": modes.get(before.get("StripeLivemode", ""), ""),
    }
    return {name: text for name, text in found.items() if text}


def _values(
    options: argparse.Namespace, config: Samconfig, read: Mapping[str, Any], answers: Mapping[str, str]
) -> dict[str, str]:
    """A value for every parameter of the template: the answer, else what the file has, else the default."""
    before = config.parameters()
    values = {**parameters.defaults(read), "GradualDeploys": "true", **before}
    values = {name: text for name, text in values.items() if name in read["Parameters"]}
    values |= {
        "AlarmEmail": answers["ALARM_EMAIL"],
        "MailFrom": answers["MAIL_FROM"],
        "StripeLivemode": questions.MODES[answers["STRIPE_MODE"]],
        "Architecture": options.arch or values["Architecture"],
        "DeployId": "0",  # that of this deploy is known once the functions are compiled
    }
    refusals = parameters.refusals(read, values)
    if refusals:
        raise Trouble(
            f"These parameters cannot work: change them in {config.path.name}, then `make deploy` again.\n  "
            + "\n  ".join(refusals)
        )
    gone = sorted(before.keys() - read["Parameters"].keys())
    if gone:
        console.say(f"  the template has no longer: {', '.join(gone)}")
    return values


def _groups(read: Mapping[str, Any]) -> dict[str, list[str]]:
    """The parameters by the label of their group."""
    groups = read["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    return {group["Label"]["default"]: group["Parameters"] for group in groups}


def _regions(shell: boto3.Session) -> set[str]:
    return {
        region
        for partition in shell.get_available_partitions()
        for region in shell.get_available_regions("lambda", partition_name=partition)
    }


def _config_path(given: str | None) -> Path:
    path = Path(given or CONFIG).expanduser()
    if path.suffix != ".toml":
        raise Trouble(f"CONFIG={path} is not a file that ends with .toml.")
    if not path.parent.is_dir():
        raise Trouble(f"CONFIG={path} is in a folder that does not exist.")
    return path.resolve()


def _sam_deploy(config: Samconfig, answers: Mapping[str, str]) -> None:
    command = [str(tools.program("tools", "sam")), "deploy", "--template-file", str(TEMPLATE)]
    command += ["--config-file", str(config.path), "--stack-name", answers["STACK"], "--region", answers["REGION"]]
    if not dialogue.has_terminal():
        command.append("--no-confirm-changeset")
    console.say("  sam deploy (the first time takes some minutes)")
    environment = {"SAM_CLI_TELEMETRY": "0", **os.environ}
    if subprocess.run(command, cwd=ROOT, env=environment, stdout=2).returncode != 0:
        raise Trouble(
            "sam deploy failed: see its output above. CloudFormation restores what was there before. A stack whose creation"
            " failed must be deleted before the next `make deploy`."
        )


@contextmanager
def _last_words(progress: Progress) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise Interrupted(f"Stopped. {progress.done}") from interrupt
    except EOFError as end:
        raise Trouble(f"The input ended before the answer did. {progress.done}") from end
