"""`make guards`: is every guard load-bearing? Takes each of tests/guards.json out of a copy of the tree, and sees what is red.

Nothing of it can reach production: the guards are taken out by a patch, and only in the copy. A guard that nothing catches is a
finding, and so is one whose text is no longer there (tests/tidy sees that in every run).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

from . import build, console, tools
from .settings import ROOT, STATE, clean_environment
from .trouble import Trouble

COPY = STATE / "guards"
SEEDS, ORDERS = "1..8", "60"
# A world without one of its guards may never come to rest; with all of them this takes seconds.
LONGEST = 240.0


def run(only: str) -> int:
    """`only`: a part of the names of those to try; empty for all."""
    every = json.loads((ROOT / "tests/guards.json").read_text())
    guards = [guard for guard in every if only in guard["guard"]]
    _copy_tree()
    for guard in every:
        # An earlier run may have ended with this one taken out, and cargo goes by a file's time.
        (COPY / guard["file"]).touch()
    console.say("  compiling the copy (the first time takes some minutes)")
    if (caught := _simulation()) is not None:
        raise Trouble(f"With every guard in place the simulation is red already: {caught}. Mend that first.")
    uncaught = 0
    print(f"| {'guard':55} | what caught it\n|{'-' * 57}|{'-' * 40}")
    for guard in guards:
        began = time.monotonic()
        caught = _without(guard)
        uncaught += caught is None
        print(f"| {guard['guard']:55} | {caught or 'NOTHING'} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(guards) - uncaught} of {len(guards)} guards are caught when they are missing")
    return 1 if uncaught else 0


def _copy_tree() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)


def _without(guard: dict[str, str]) -> str | None:
    place = COPY / guard["file"]
    text = place.read_text()
    if text.count(guard["remove"]) != 1:
        raise Trouble(f"The guard “{guard['guard']}” is not to be found once in {guard['file']}: mend tests/guards.json.")
    try:
        place.write_text(text.replace(guard["remove"], guard["instead"]))
        return _simulation() or _tests(Path(guard["file"]))
    finally:
        place.write_text(text)


def _cargo(*command: str) -> subprocess.CompletedProcess[str]:
    # Warnings about what is unused without the guard are no matter; the target directory keeps what others compiled.
    environment = {**clean_environment(), "CARGO_TARGET_DIR": str(ROOT / "target"), "PATH": tools.path_with_tools()}
    return subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True, timeout=LONGEST)


def _profile() -> list[str]:
    return ["--target", build.host(), "-p", "tests"]


def _simulation() -> str | None:
    compiled = _cargo("cargo", "build", "--quiet", "--profile", build.PROFILE, *_profile(), "--bin", "simulate")
    if compiled.returncode != 0:
        raise Trouble(f"The copy does not compile:\n{compiled.stderr[-2000:]}")
    binary = ROOT / "target" / build.host() / build.PROFILE / "simulate"
    try:
        played = _cargo(str(binary), SEEDS, ORDERS)
    except subprocess.TimeoutExpired:
        return "simulation: it never comes to rest"
    if played.returncode == 0:
        return None
    broken = re.findall(r"^(I\d)  broken", played.stdout, flags=re.MULTILINE)
    return "simulation: " + (", ".join(broken) or "it stops with a panic")


def _tests(changed: Path) -> str | None:
    """The tests of the room that the guard is in, or the contract suite for the twin of the table."""
    package = changed.parts[1]
    which = ["-p", package] if changed.parts[0] == "functions" else ["-p", "tests", "--test", "contract"]
    arguments = ["--cargo-profile", build.PROFILE, "--target", build.host(), *which, "-E", "not test(on_dynamodb)"]
    tested = _cargo(str(tools.nextest()), "nextest", "run", *arguments)
    red = re.findall(r"^\s+(?:FAIL|SIGABRT|TIMEOUT) \[.*?\] (?:\(.*?\) )?(.+)$", tested.stderr, flags=re.MULTILINE)
    return f"test: {red[0].strip()}" if red else None
