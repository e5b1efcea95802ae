"""`make guards`: is every guard needed? Removes each guard of tests/guards.json from a copy of the tree and shows what fails.

Production cannot be affected: a guard is removed by a patch of the copy alone. A guard whose removal no test notices is a
finding, and so is one whose text no longer occurs in its file (tests/tidy checks that in every run).

The conditions of the table's adapter are tried by the contract suite on moto and dynalite, which needs no stack.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from . import build, choices, console, judges, tools, web
from .settings import ROOT, STATE, clean_environment
from .trouble import Trouble

Guard = dict[str, str]
Suite = Callable[[], str | None]

COPY = STATE / "guards"
SEEDS, ORDERS = "1..8", "60"
# The version of the packages of the copy.
VERSION = "0.0.0-without-a-guard"
# Without a guard, a simulated world may never finish; with all of them it takes seconds.
LONGEST = 240.0


class NotCompiled(Trouble):
    """The copy does not compile with what stands instead of the guard: tests/guards.json is out of date."""


def run(only: str, first: bool) -> int:
    """`only`: part of the names of the guards to remove; empty for all. `first`: stop at what catches a guard first, which
    takes a fraction of the time; otherwise the table shows what the simulation and the model find."""
    every = json.loads((ROOT / "tests/guards.json").read_text())
    chosen = choices.matching("guard", only, [guard["guard"] for guard in every])
    guards = [guard for guard in every if guard["guard"] in chosen]
    with judges.running() if any(map(_is_of_the_adapter, guards)) else nullcontext({}) as variables:
        return _run(every, guards, partial(_contract, variables), first)


def _run(every: list[Guard], guards: list[Guard], contract: Suite, first: bool) -> int:
    web.build()
    _copy_tree()
    for guard in every:
        # An interrupted run may have left this guard removed, and cargo goes by a file's time.
        (COPY / guard["file"]).touch()
    console.say("  compiling the copy (the first time takes some minutes)")
    # What has to be green before a guard is taken out, and is the first to see that it is missing.
    for suite in {contract if _is_of_the_adapter(guard) else _by_itself for guard in guards}:
        if (caught := suite()) is not None:
            raise Trouble(f"A test fails although every guard is in place: {caught}. Fix that first.")
    uncaught = 0
    print(f"| {'guard':60} | what caught it\n|{'-' * 62}|{'-' * 40}")
    for guard in guards:
        began = time.monotonic()
        try:
            caught = _without(guard, contract, first)
            found = caught or "NOTHING"
        except NotCompiled as broken:
            # The others are tried nevertheless: a run takes long.
            caught, found = None, f"IT DOES NOT COMPILE: {broken}"
        uncaught += caught is None
        print(f"| {guard['guard']:60} | {found} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(guards) - uncaught} of {len(guards)} removed guards are caught")
    return 1 if uncaught else 0


def _is_of_the_adapter(guard: Guard) -> bool:
    return guard["file"].startswith("shared/aws/")


def _by_itself() -> str | None:
    return _simulation() or _model()


def _copy_tree() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    # cargo identifies packages by name and version, not by folder. With the tree's own version, later builds of the tree would
    # use artifacts that were compiled here without a guard. With another version, only external crates are shared.
    manifest = COPY / "Cargo.toml"
    manifest.write_text(re.sub(r'(?m)^version = ".*"$', f'version = "{VERSION}"', manifest.read_text(), count=1))


def _without(guard: Guard, contract: Suite, first: bool) -> str | None:
    place = COPY / guard["file"]
    text = place.read_text()
    if text.count(guard["remove"]) != 1:
        raise Trouble(
            f"The text of the guard “{guard['guard']}” does not occur once in {guard['file']}: fix tests/guards.json."
        )
    try:
        place.write_text(text.replace(guard["remove"], guard["instead"]))
        if _is_of_the_adapter(guard):
            return contract() or _tests(Path(guard["file"]))
        tests = partial(_tests, Path(guard["file"]))
        if first:
            return _own_tests(guard["file"]) or _simulation() or _model() or tests()
        # Simulation and model find different faults, so the table shows both.
        caught = [found for found in (_simulation(), _model()) if found]
        return "; ".join(caught) or tests()
    finally:
        place.write_text(text)


def _cargo(*command: str, more: dict[str, str] | None = None, longest: float | None = None) -> subprocess.CompletedProcess[str]:
    # Warnings about what is unused without the guard are no matter; the target directory keeps what others compiled.
    mine = {
        "CARGO_TARGET_DIR": str(ROOT / "target"),
        "PATH": tools.path_with_tools(),
        # The copy has no pages of its own.
        "CONVEYOR_WEB_DIST": str(ROOT / web.CONSOLE / web.DIST),
        "CONVEYOR_SHOP_DIST": str(ROOT / web.SHOP / web.DIST),
    }
    environment = {**clean_environment(), **(more or {}), **mine}
    return subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True, timeout=longest)


def _profile() -> list[str]:
    return ["--target", build.host(), "-p", "simulation", "-p", "model"]


def _program(name: str) -> str:
    """Compiles the simulation and the model together, and returns the path of one of them."""
    programs = ["--bin", "simulate", "--bin", "model"]
    compiled = _cargo("cargo", "build", "--quiet", "--profile", build.PROFILE, *_profile(), *programs)
    if compiled.returncode != 0:
        raise NotCompiled(_first_error(compiled.stderr))
    return str(ROOT / "target" / build.host() / build.PROFILE / name)


def _first_error(output: str) -> str:
    found = re.search(r"^error.*(?:\n\s+-->.*)?", output, flags=re.MULTILINE)
    return " ".join(found[0].split()) if found else output[-500:]


def _model() -> str | None:
    """Explores the small scenarios, up to the first with a violated property."""
    try:
        explored = _cargo(_program("model"), "--first", longest=LONGEST)
    except subprocess.TimeoutExpired:
        return "model: it does not finish"
    if explored.returncode == 0:
        return None
    found = re.search(r"^(\S.*?)  .*\n  (?:(\w+) does not hold|no order ended)", explored.stdout, flags=re.MULTILINE)
    if found is None:
        return "model: it panics"
    return f"model: {found[2] or 'an end is missing'} in “{found[1].strip()}”"


def _simulation() -> str | None:
    try:
        played = _cargo(_program("simulate"), SEEDS, ORDERS, longest=LONGEST)
    except subprocess.TimeoutExpired:
        return "simulation: it does not finish"
    if played.returncode == 0:
        return None
    broken = re.findall(r"^(I\d)  broken", played.stdout, flags=re.MULTILINE)
    return "simulation: " + (", ".join(broken) or "it panics")


def _own_tests(file: str) -> str | None:
    """Runs the tests of the guard's crate alone, without optimization, and without binaries, which link the whole AWS SDK."""
    folder, package = Path(file).parts[:2]
    if package == "event-store":
        return _tests(Path(file))
    return _nextest("-p", package, *([] if folder == "shared" else ["--lib"]), profile="dev")


def _tests(changed: Path) -> str | None:
    """Runs the tests of the crate that contains the guard. For a shared crate also those of payments, which uses all of them;
    for the in-memory twin the contract suite."""
    shared, package = changed.parts[0] == "shared", changed.parts[1]
    if shared and package == "event-store":
        return _nextest("-p", "tests", "--test", "contract", "-E", "test(in_memory)")
    return _nextest("-p", package, *(["-p", "payments"] if shared else []))


def _contract(judging: dict[str, str]) -> str | None:
    return _nextest("-p", "tests", "--test", "contract", "-E", "test(on_moto) or test(on_dynalite)", more=judging)


def _nextest(*which: str, more: dict[str, str] | None = None, profile: str = build.PROFILE) -> str | None:
    arguments = ["--cargo-profile", profile, "--target", build.host(), *which]
    tested = _cargo(str(tools.nextest()), "nextest", "run", *arguments, more=more)
    red = re.findall(r"^\s+(?:FAIL|SIGABRT|TIMEOUT) \[.*?\] (?:\(.*?\) )?(.+)$", tested.stderr, flags=re.MULTILINE)
    if tested.returncode != 0 and not red:
        if "could not compile" in tested.stderr:
            raise NotCompiled(_first_error(tested.stderr))
        raise Trouble(f"The tests of the copy do not run:\n{tested.stderr[-2000:]}")
    return f"test: {red[0].strip()}" if red else None
