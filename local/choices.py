"""Chooses among names by a part of them, before anything is compiled."""

from __future__ import annotations

import difflib
import re

from .trouble import Trouble


def matching(what: str, part: str, names: list[str]) -> list[str]:
    """The names that contain `part`; all names if it is empty. No match is an error that lists the near names."""
    found = [name for name in names if part in name]
    if not found:
        raise Trouble(_no_match(what, part, names))
    return found


def _no_match(what: str, part: str, names: list[str]) -> str:
    def words(text: str) -> list[str]:
        return re.findall(r"\w{3,}", text.lower())

    def is_near(name: str) -> bool:
        return any(difflib.get_close_matches(word, words(name), n=1, cutoff=0.7) for word in words(part))

    near = [name for name in names if is_near(name)]
    title = "Near matches:" if near else "The names:"
    return f"No {what} has “{part}” in its name. {title}\n" + "\n".join(f"  {name}" for name in near or names)
