"""`make template`: joins the files of `template/` into `template.yaml`, the plain SAM template that is deployed, and
`alarms.yaml`, which is nested in it.

The joined files are committed, so that `sam deploy` works without this module. `make check`, `make up` and `make deploy` refuse
stale ones. The head of `template/stack.yaml` explains the files.
"""

from __future__ import annotations

from pathlib import Path

from ..settings import NESTED, ROOT, TEMPLATE
from ..trouble import Trouble
from . import alarms, document, kinds, routes
from .document import Map

SOURCES = ROOT / "template"
# One file each, in the order in which the template has them. All but the shared ones are services.
SHARED = ("stack", "api", "objectives", "dashboard")
SERVICES = (
    "catalog",
    "orders",
    "live",
    "payments",
    "inventory",
    "shipping",
    "notifications",
    "callbacks",
    "outbox",
    "operations",
    "console",
)
HEADER = "# Made from the files in template/ by `make template`. Change those, not this.\n\n"


def write() -> None:
    for path, text in joined().items():
        path.write_text(text)


def refuse_stale() -> None:
    for path, text in joined().items():
        if not path.exists() or path.read_text() != text:
            raise Trouble(f"{path.name} is not what the files in template/ make: run `make template`.")


def joined() -> dict[Path, str]:
    """Each file that is made, with its text."""
    unknown = {path.stem for path in SOURCES.glob("*")} - {*SHARED, *SERVICES}
    if unknown:
        raise Trouble(f"template/ has files that local/template/__init__.py does not name: {', '.join(sorted(unknown))}.")
    whole = Map()
    for name in (*SHARED, *SERVICES):
        part = document.load(SOURCES / f"{name}.yaml")
        if name in SERVICES:
            kinds.expand(part, service=name)
        _merge(whole, part, where=name)
    kinds.fill_in_lists(whole)
    routes.gather(whole)
    nested = alarms.split(whole)
    return {TEMPLATE: HEADER + document.dump(whole), NESTED: HEADER + document.dump(nested)}


def _merge(whole: Map, part: Map, where: str) -> None:
    """Equal mappings are merged, lists are joined; anything else may be there once."""
    for key, value in part.items():
        if key not in whole:
            whole[key] = value
        elif isinstance(value, dict) and isinstance(whole[key], dict):
            _merge(whole[key], value, where=f"{where}: {key}")
        elif isinstance(value, list) and isinstance(whole[key], list):
            whole[key].extend(value)
        else:
            raise Trouble(f"template/{where}: {key} is already in an earlier file.")
