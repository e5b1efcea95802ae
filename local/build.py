"""Compiling the functions for this machine.

Without zig: the emulator runs the binaries on this machine, so its own linker suffices. `make check` and `make test` use the
same profile and target, so that a crate is compiled once for all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from . import console, tools, web
from .settings import FUNCTIONS, NESTED, ROOT, TEMPLATE, clean_environment
from .trouble import Trouble

PROFILE = "local"
# How many digits of a digest name a deploy; shared/runtime/src/build.rs names a build by as many.
ID_DIGITS = 12
# AWS's names of processors, and cargo-lambda's options for them.
MACHINES = {"arm64": "--arm64", "x86_64": "--x86-64"}


@cache
def host() -> str:
    """This machine's target in rustc's words."""
    done = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, cwd=ROOT)
    for line in done.stdout.splitlines():
        if line.startswith("host: "):
            return line.removeprefix("host: ")
    raise Trouble(f"`rustc -vV` does not print the host: {done.stderr.strip() or 'it printed no error'}.")


def architecture() -> str:
    """This machine's processor in AWS's words."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def functions(tree: Path = ROOT) -> None:
    """Compiles each function of the tree to `target/lambda/<function>/bootstrap`. cargo shows its own progress."""
    web.build(tree)
    console.say("  compiling the functions (the first time takes some minutes)")
    command = ["cargo", "lambda", "build", "--compiler", "cargo", "--profile", PROFILE, "--target", host()]
    if subprocess.run([*command, *packages(tree)], cwd=tree, env=environment(), stdout=2).returncode != 0:
        raise Trouble("The functions do not compile: see the compiler's output above.")


def release(machine: str) -> None:
    """Compiles the functions for deployment: small, fast, and linked by zig against the older libraries of Lambda's system."""
    if machine not in MACHINES:
        raise Trouble(f"Lambda has no {machine} processors: set ARCH=arm64 or ARCH=x86_64.")
    web.build()
    console.say(f"  compiling the functions for Lambda on {machine} (fat link-time optimisation: some minutes)")
    command = ["cargo", "lambda", "build", "--release", MACHINES[machine]]
    if subprocess.run([*command, *packages()], cwd=ROOT, env=environment(), stdout=2).returncode != 0:
        raise Trouble(
            f"The functions do not compile for {machine}: see the compiler's output above. "
            "If a target is missing, add it with `rustup target add`, or set ARCH=x86_64 or ARCH=arm64."
        )


def binaries() -> dict[str, bytes]:
    """The compiled functions by name. Raises `Trouble` if no function was compiled."""
    found = {path.parent.name: path.read_bytes() for path in sorted(FUNCTIONS.glob("*/bootstrap"))}
    if not found:
        raise Trouble("No function was compiled: `functions/` has no crate with a binary.")
    return found


def fingerprint(parameters: Mapping[str, str]) -> str:
    """The digest of all that a deploy consists of: the template, the parameters and the compiled functions."""
    digest = hashlib.sha256(TEMPLATE.read_bytes() + NESTED.read_bytes())
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    for name, binary in binaries().items():
        digest.update(name.encode())
        digest.update(hashlib.sha256(binary).digest())
    return digest.hexdigest()


def environment() -> dict[str, str]:
    return {**clean_environment(), "PATH": tools.path_with_tools()}


def packages(tree: Path = ROOT) -> list[str]:
    """`-p <crate>` for every crate under `functions/`: the tests' own programs are not functions."""
    done = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=tree, capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"cargo cannot read the workspace: {done.stderr.strip()}")
    inside = str(tree / "functions") + os.sep
    names = [package["name"] for package in json.loads(done.stdout)["packages"] if package["manifest_path"].startswith(inside)]
    return [argument for name in names for argument in ("-p", name)]
