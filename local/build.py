"""Compiling the functions for this machine.

Without zig: the emulator runs the binaries right here, so the machine's own linker serves. The same profile and target are
used by `make check` and `make test`, so that a crate is compiled once for all of them.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from functools import cache

from . import console, tools
from .settings import FUNCTIONS, ROOT, clean_environment
from .trouble import Trouble

PROFILE = "local"
# AWS's names of machines, and cargo-lambda's options for them.
MACHINES = {"arm64": "--arm64", "x86_64": "--x86-64"}


@cache
def host() -> str:
    """This machine as rustc names it."""
    told = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, cwd=ROOT)
    for line in told.stdout.splitlines():
        if line.startswith("host: "):
            return line.removeprefix("host: ")
    raise Trouble(f"`rustc -vV` does not say what machine this is: {told.stderr.strip() or 'it said nothing'}.")


def architecture() -> str:
    """This machine as AWS names it."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def functions() -> None:
    """Leaves each function's binary in `target/lambda/<function>/bootstrap`. cargo shows how far it is."""
    console.say("  compiling the functions (the first time takes some minutes)")
    command = ["cargo", "lambda", "build", "--compiler", "cargo", "--profile", PROFILE, "--target", host()]
    if subprocess.run([*command, *_packages()], cwd=ROOT, env=environment(), stdout=2).returncode != 0:
        raise Trouble("The functions do not compile: the compiler's own words are above.")


def release(machine: str) -> None:
    """As `functions`, but small, fast, and for Lambda's own system: zig links against its older libraries."""
    if machine not in MACHINES:
        raise Trouble(f"Lambda has no {machine} machines: say ARCH=arm64 or ARCH=x86_64.")
    console.say(f"  compiling the functions for Lambda on {machine} (fat link-time optimisation: some minutes)")
    command = ["cargo", "lambda", "build", "--release", MACHINES[machine]]
    if subprocess.run([*command, *_packages()], cwd=ROOT, env=environment(), stdout=2).returncode != 0:
        raise Trouble(
            f"The functions do not compile for {machine}, the compiler's own words are above: "
            "if it misses a target, `rustup target add` it or say ARCH=x86_64 or ARCH=arm64."
        )


def binaries() -> dict[str, bytes]:
    """The compiled functions by name. None at all is a mistake that is better found here than by the deploy."""
    found = {path.parent.name: path.read_bytes() for path in sorted(FUNCTIONS.glob("*/bootstrap"))}
    if not found:
        raise Trouble("No function was compiled: `functions/` has no crate with a binary.")
    return found


def environment() -> dict[str, str]:
    return {**clean_environment(), "PATH": tools.path_with_tools()}


def _packages() -> list[str]:
    """`-p <crate>` for every crate under `functions/`: the tests' own programs are no functions."""
    told = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, capture_output=True, text=True)
    if told.returncode != 0:
        raise Trouble(f"cargo cannot read the workspace: {told.stderr.strip()}")
    inside = str(ROOT / "functions") + os.sep
    names = [package["name"] for package in json.loads(told.stdout)["packages"] if package["manifest_path"].startswith(inside)]
    return [argument for name in names for argument in ("-p", name)]
