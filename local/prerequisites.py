"""Checks for the programs that no package installer of a single language can bring."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable

from .trouble import Trouble

NEEDED = {
    "cargo": "install Rust (1.94 or newer) with rustup",
    "rustc": "install Rust (1.94 or newer) with rustup",
    "node": "install Node.js 20 or newer",
    "make": "install GNU make",
}


def check_python() -> None:
    if sys.version_info < (3, 10):
        raise Trouble(
            f"Python 3.10 or newer is needed, not {sys.version.split()[0]}: install one, then `make PYTHON=python3.11 …`."
        )


def check(programs: Iterable[str] = tuple(NEEDED)) -> None:
    check_python()
    if sys.platform not in ("linux", "darwin"):
        raise Trouble("These commands run on Linux and macOS only: on Windows use them inside WSL.")
    for program in programs:
        if shutil.which(program) is None:
            raise Trouble(f"`{program}` is not on the PATH: {NEEDED[program]}, then try again.")
