"""`python -m local.published`, with the Python of the stack's tools: writes tests/contract/stripe/published.json.

The file holds the fields of the objects of Stripe that the two local providers show, and the type of each. They are those of
Stripe's own library (`stripe` in local/requirements/stack.txt), which is made from the published description of one version of
the API. The contract suite compares every answer with them. Run this when the library changes.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import stripe

from .settings import ROOT

FILE = ROOT / "tests/contract/stripe/published.json"
# The objects, and the places inside of them whose fields are listed too.
OBJECTS = {
    "payment_intent": ("PaymentIntent", ["AutomaticPaymentMethods", "LastPaymentError", "PaymentMethodConfigurationDetails"]),
    "charge": ("Charge", ["PaymentMethodDetails", "PaymentMethodDetails.Card"]),
    "refund": ("Refund", []),
    "dispute": ("Dispute", ["EvidenceDetails"]),
    "event": ("Event", ["Data", "Request"]),
}
PLAIN = {"str": "string", "int": "integer", "bool": "boolean", "float": "number"}


def main() -> None:
    objects = {name: _fields(*wanted) for name, wanted in OBJECTS.items()}
    source = f"stripe {stripe.VERSION} on PyPI, by local/published.py"
    lines = [f' "source": {json.dumps(source)},', f' "api_version": {json.dumps(stripe.api_version)},', ' "objects": {']
    for name, fields in objects.items():
        rows = ",\n".join(f"   {json.dumps(field)}: {json.dumps(types)}" for field, types in fields.items())
        lines.append(f"  {json.dumps(name)}: {{\n{rows}\n  }}{'' if name == list(objects)[-1] else ','}")
    FILE.write_text("\n".join(["{", *lines, " }", "}"]) + "\n")


def _fields(class_name: str, nested: list[str]) -> dict[str, Any]:
    module = Path(stripe.__file__).parent / f"_{_snake(class_name)}.py"
    tree = ast.parse(module.read_text())
    top = _class(tree, class_name)
    classes = {name: _class(top, *name.split(".")) for name in nested}
    return _of_class(top, "", classes)


def _of_class(node: ast.ClassDef, path: str, classes: dict[str, ast.ClassDef]) -> dict[str, Any]:
    annotated = [line for line in node.body if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)]
    fields = {line.target.id: line.annotation for line in annotated if not line.target.id.isupper()}
    return {name: _types(annotation, path, classes) for name, annotation in sorted(fields.items())}


def _types(node: ast.expr, path: str, classes: dict[str, ast.ClassDef]) -> list[Any]:
    """Every type that a field may have: a word, `{"=": text}` for one text, or `{field: types}` for an object."""
    match node:
        case ast.Constant(value=str(text)):
            return _types(ast.parse(text, mode="eval").body, path, classes)
        case ast.Name(id=name) if name in PLAIN:
            return [PLAIN[name]]
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return ["null", *_types(inner, path, classes)]
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=elements)):
            # The library accepts any text beside the published ones; here only those count.
            kept = [element for element in elements if not (isinstance(element, ast.Name) and element.id == "str")]
            return [found for element in kept for found in _types(element, path, classes)]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=elements)):
            return [{"=": element.value} for element in elements if isinstance(element, ast.Constant)]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Constant(value=text)):
            return [{"=": text}]
        case ast.Subscript(value=ast.Name(id="ExpandableField")):
            return ["string", "object"]
        case ast.Subscript(value=ast.Name(id="List")):
            return ["array"]
    name = ast.unparse(node).split(".")[-1]
    place = f"{path}.{name}".removeprefix(".")
    return [_of_class(classes[place], place, classes)] if place in classes else ["object"]


def _class(node: ast.Module | ast.ClassDef, *path: str) -> ast.ClassDef:
    for name in path:
        node = next(line for line in node.body if isinstance(line, ast.ClassDef) and line.name == name)
    return node  # type: ignore[return-value]


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


if __name__ == "__main__":
    main()
