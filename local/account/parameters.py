"""Which values the parameters accept, alone and together. CloudFormation checks the same, but after the compilation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Template = Mapping[str, Any]


def defaults(template: Template) -> dict[str, str]:
    """The parameters that have a default, as CloudFormation reads them."""
    return {name: str(rules["Default"]) for name, rules in template["Parameters"].items() if "Default" in rules}


def refusals(template: Template, values: Mapping[str, str]) -> list[str]:
    """A sentence for each value, and each combination of values, that CloudFormation would refuse."""
    alone = [
        f"{name}: {reason}"
        for name, rules in template["Parameters"].items()
        if (reason := _refusal(rules, values.get(name))) is not None
    ]
    return alone or broken_rules(template, values)


def broken_rules(template: Template, values: Mapping[str, str]) -> list[str]:
    return [
        assertion["AssertDescription"]
        for rule in template.get("Rules", {}).values()
        if evaluate(rule.get("RuleCondition", True), values)
        for assertion in rule["Assertions"]
        if not evaluate(assertion["Assert"], values)
    ]


def evaluate(term: Any, values: Mapping[str, str]) -> Any:
    """The functions that CloudFormation allows in rules, except those that read the account."""
    match term:
        case {"Ref": name}:
            return values[name]
        case {"Fn::Equals": [left, right]}:
            return evaluate(left, values) == evaluate(right, values)
        case {"Fn::Not": [condition]}:
            return not evaluate(condition, values)
        case {"Fn::And": conditions}:
            return all(evaluate(condition, values) for condition in conditions)
        case {"Fn::Or": conditions}:
            return any(evaluate(condition, values) for condition in conditions)
        case {"Fn::Contains": [texts, text]}:
            return evaluate(text, values) in evaluate(texts, values)
        case {"Fn::EachMemberIn": [texts, allowed]}:
            return set(evaluate(texts, values)) <= set(evaluate(allowed, values))
        case {"Fn::EachMemberEquals": [texts, text]}:
            return set(evaluate(texts, values)) <= {evaluate(text, values)}
        case dict():
            raise ValueError(f"a rule uses {', '.join(term)}, which local/account/parameters.py does not know")
        case list():
            return [evaluate(item, values) for item in term]
    return term


def _refusal(rules: Mapping[str, Any], value: str | None) -> str | None:
    if value is None:
        return "it has no value and no default"
    allowed = [str(one) for one in rules.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"it must be one of {', '.join(one or '(empty)' for one in allowed)}"
    if rules["Type"] == "Number":
        return _number_refusal(rules, value)
    if not rules.get("MinLength", 0) <= len(value) <= rules.get("MaxLength", 4096):
        return f"it must have from {rules.get('MinLength', 0)} to {rules.get('MaxLength', 4096)} characters"
    if "AllowedPattern" in rules and not re.fullmatch(rules["AllowedPattern"], value):
        return f"it is not what the parameter accepts. {rules['Description']}"
    return None


def _number_refusal(rules: Mapping[str, Any], value: str) -> str | None:
    if not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return "it must be a number"
    number = float(value)
    if number < float(rules.get("MinValue", "-inf")) or number > float(rules.get("MaxValue", "inf")):
        bounds = [f"{word} {rules[key]}" for key, word in (("MinValue", "from"), ("MaxValue", "to")) if key in rules]
        return f"it must be a number {' '.join(bounds)}"
    return None
