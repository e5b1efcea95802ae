"""How many resources CloudFormation gets after both transforms. A stack may have 500: `make check` keeps a margin.

The SAM CLI's own library translates the template, without an account. Only the tools' environment has that library, so `check`
starts this module again on the tools' Python.
"""

from __future__ import annotations

import subprocess

from . import console, tools
from .settings import LOOPBACK, REGION, ROOT, TEMPLATE, aws_environment
from .trouble import Trouble

MOST = 450


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
    found = int(done.stdout)
    console.say(f"  the template has {found} resources after translation, at most {MOST}")
    if found > MOST:
        raise Trouble(
            f"The template has {found} resources after translation, more than {MOST}. CloudFormation accepts 500:"
            " move a service into a stack of its own."
        )


def _count() -> int:
    from samcli.lib.translate.sam_template_validator import SamTemplateValidator
    from samcli.yamlhelper import yaml_parse

    validator = SamTemplateValidator(
        yaml_parse(TEMPLATE.read_text()), _NoManagedPolicies(), region=REGION, language_extensions_enabled=True
    )
    return len(yaml_parse(validator.get_translated_template_if_valid())["Resources"])


class _NoManagedPolicies:
    """The template names no managed policy; a look-up of their list would call AWS."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    print(_count())
