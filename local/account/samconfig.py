"""`samconfig.toml`: the answers of `make deploy`, and every parameter of the template. The SAM CLI reads the same file.

What the file has stays, comments included; what it lacks is added. It never has a secret.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from ..trouble import Trouble

HEAD = """\
The answers of `make deploy`, and every parameter of the stack. docs/configuration.md explains the parameters.
Change one here, then run `make deploy` again. Secrets are not here: `make secrets` asks for them."""
# The template repeats its queues and alarms with Fn::ForEach, which the SAM CLI expands only when asked.
FOR_ALL_COMMANDS = {"language_extensions": True}
FOR_DEPLOY = {
    "capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    "confirm_changeset": False,
    "fail_on_empty_changeset": False,
}


class Samconfig:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._document = tomlkit.parse(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._document = tomlkit.document()
            for line in HEAD.splitlines():
                self._document.add(tomlkit.comment(line))
        except (OSError, UnicodeDecodeError, TOMLKitError) as error:
            raise Trouble(f"{path.name} cannot be read ({error}): repair it, or move it away and answer again.") from error
        self._document.setdefault("version", 0.1)
        self._common = self._section("global")
        self._deploy = self._section("deploy")

    def setting(self, name: str) -> str:
        """A setting of `sam deploy`, such as `stack_name`, or an empty text."""
        return str(self._deploy.get(name) or self._common.get(name) or "")

    def parameters(self) -> dict[str, str]:
        """The values of the template's parameters, in any of the forms that the SAM CLI reads."""
        overrides = self._deploy.get("parameter_overrides", {})
        if isinstance(overrides, Mapping):
            return {str(name): _text(value) for name, value in overrides.items()}
        words = [word for text in ([overrides] if isinstance(overrides, str) else overrides) for word in _words(str(text))]
        pairs = [re.fullmatch(r"(?:ParameterKey=)?(\w+)(?:,ParameterValue)?=(.*)", word, re.DOTALL) for word in words]
        return {pair[1]: pair[2] for pair in pairs if pair}

    def keep(self, stack_name: str, region: str, parameters: Mapping[str, str], groups: Mapping[str, list[str]]) -> None:
        """Sets the answers and all parameters, each group of them below its label."""
        self._common["stack_name"], self._common["region"] = stack_name, region
        for name in ("stack_name", "region"):
            self._deploy.pop(name, None)
        for section, defaults in ((self._common, FOR_ALL_COMMANDS), (self._deploy, self._deploy_defaults(stack_name))):
            for name, value in defaults.items():
                section.setdefault(name, value)
        self._put_parameters(parameters, groups)

    def write(self) -> None:
        """All of it or nothing."""
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            beside.write_text(tomlkit.dumps(self._document), encoding="utf-8")
            beside.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise Trouble(f"{self.path.name} cannot be written ({error.strerror}).") from error

    def _deploy_defaults(self, stack_name: str) -> dict[str, Any]:
        bucket = {} if "s3_bucket" in self._deploy else {"resolve_s3": True}
        return {**FOR_DEPLOY, **bucket, "s3_prefix": stack_name}

    def _put_parameters(self, parameters: Mapping[str, str], groups: Mapping[str, list[str]]) -> None:
        present = self._deploy.get("parameter_overrides")
        if isinstance(present, Mapping) and present:
            for name in [name for name in present if name not in parameters]:
                del present[name]
            for name, value in parameters.items():
                if present.get(name) != value:  # also if it was no text: the SAM CLI would pass on `True`
                    present[name] = value
            return
        table = tomlkit.table()
        for label, names in groups.items():
            table.add(tomlkit.comment(label))
            for name in names:
                table.add(name, parameters[name])
        self._deploy["parameter_overrides"] = table

    def _section(self, command: str) -> Any:
        found: Any = self._document
        for key in ("default", command, "parameters"):
            if key not in found:
                found.add(key, tomlkit.table(is_super_table=key != "parameters"))
            found = found[key]
            if not isinstance(found, Mapping):
                raise Trouble(f"{self.path.name}: {key} is not a table: repair it, or move the file away and answer again.")
        return found


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Trouble(f"The parameter_overrides in samconfig.toml cannot be read: {error}.") from error


def _text(value: Any) -> str:
    """As the SAM CLI passes it on."""
    if isinstance(value, bool):
        return str(bool(value)).lower()
    if isinstance(value, list):
        return ",".join(str(item).strip() for item in value if item not in (None, ""))
    return "" if value is None else str(value)
