"""YAML with CloudFormation's short tags (`!Ref`, `!Sub`, …), read and written with the style that the source has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..trouble import Trouble

# A line is never broken: a reader, and the tests, find a list in one line.
WIDTH = 1_000_000


class Map(dict):
    """A mapping, and whether it was written in braces."""

    flow = False


class Items(list):
    """A list, and whether it was written in brackets."""

    flow = False


@dataclass(frozen=True)
class Tagged:
    """`!Ref Table` is `Tagged("!Ref", "Table")`."""

    tag: str
    value: Any


def flow(value: Map | Items) -> Map | Items:
    value.flow = True
    return value


def load(path: Path) -> Map:
    try:
        return yaml.load(path.read_text(), Loader=_Loader)
    except yaml.YAMLError as error:
        raise Trouble(f"{path.name} is not YAML that can be read: {error}") from error


def dump(template: Map) -> str:
    """Each section, and each resource, parameter and output, with an empty line after it."""
    text = []
    for section, content in template.items():
        lines = yaml.dump(Map({section: content}), Dumper=_Dumper, width=WIDTH, sort_keys=False, allow_unicode=True).split("\n")
        spaced = section in ("Parameters", "Rules", "Resources", "Outputs")
        for number, line in enumerate(lines):
            begins_entry = spaced and number > 1 and line.startswith("  ") and not line.startswith("   ")
            text.append(f"\n{line}" if begins_entry else line)
    return "\n".join(text).rstrip("\n") + "\n"


class _Loader(yaml.SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Map:
    made = Map()
    made.flow = bool(node.flow_style)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in made:
            raise yaml.constructor.ConstructorError(None, None, f"{key} is there already", key_node.start_mark)
        made[key] = loader.construct_object(value_node, deep=True)
    return made


def _sequence(loader: _Loader, node: yaml.SequenceNode) -> Items:
    made = Items(loader.construct_object(item, deep=True) for item in node.value)
    made.flow = bool(node.flow_style)
    return made


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Tagged:
    if isinstance(node, yaml.MappingNode):
        value: Any = _mapping(loader, node)
    elif isinstance(node, yaml.SequenceNode):
        value = _sequence(loader, node)
    else:
        value = node.value
    return Tagged(f"!{suffix}", value)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
_Loader.add_multi_constructor("!", _tagged)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # CloudFormation knows no anchors

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> str:
        """No quotes where none are needed, else double quotes. Text of several lines stays so."""
        style, text = super().choose_scalar_style(), self.event.value
        if "\n" in text and self.analysis.allow_block and not self.flow_level:
            return "|"
        if style == "" and "#" in text:
            return '"'  # valid without quotes, but it looks like a comment
        if style != "'":
            return style
        is_text = self.event.implicit[0] or (self.event.tag or "").startswith("!")
        is_plain = self.analysis.allow_flow_plain if self.flow_level else self.analysis.allow_block_plain
        # PyYAML quotes every text with a colon in braces; it must be quoted only before a space.
        is_name = re.fullmatch(r"[A-Za-z][\w.-]*(::?[\w*]+)*", text) is not None
        if is_text and (is_plain or is_name) and not self.simple_key_context:
            return ""
        return "'" if '"' in text or "\\" in text else '"'


def _represent_tagged(dumper: _Dumper, data: Tagged) -> yaml.Node:
    if isinstance(data.value, dict):
        return dumper.represent_mapping(data.tag, data.value, flow_style=getattr(data.value, "flow", False))
    if isinstance(data.value, list):
        return dumper.represent_sequence(data.tag, data.value, flow_style=getattr(data.value, "flow", False))
    return dumper.represent_scalar(data.tag, data.value)


_Dumper.add_representer(Map, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=data.flow))
_Dumper.add_representer(
    Items, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=data.flow)
)
_Dumper.add_representer(Tagged, _represent_tagged)
