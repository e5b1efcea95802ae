"""`make bench`: what a start and an invocation of each function take, against the floor and against Powertools.

Compiles the programs as for a release, writes a plan for the harness (`bench/harness`), which measures, and makes the page and
the chart of `docs/` from its results. Nothing here asserts a time: a budget that is not met is a line of the table.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from local import build, console
from local.settings import ROOT, STATE
from local.trouble import Trouble

from . import page, peers, programs, samples

Subject = dict[str, Any]

WORK = STATE / "bench"
RESULTS = ROOT / "bench" / "results" / "latest.json"
# The harness ends by itself long before: a program that does not answer is given up after a minute.
LONGEST_SECONDS = 3600.0
VALGRIND = "apt-get install valgrind"
# Which references a function is compared with beside `reference-hello`, with the sample that the reference gets.
COMPARED = {"place-order": ("reference-place-order", *peers.NAMES), "stripe-webhook": ("reference-put-item",)}


def run(function: str, rounds: int, keep: bool) -> int:
    """Measures some functions, or all if none is named, and returns the exit code."""
    known = sorted(sample.function for sample in samples.SAMPLES)
    functions = [name.strip() for name in function.split(",")] if function else known
    for name in functions:
        if name not in known:
            raise Trouble(f"`{name}` is not measured: FUNCTION=… names HTTP and queue functions, of {', '.join(known)}.")
    chosen = [_sample(name) for name in functions]
    programs.compile_all(functions)
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        console.say(f"  valgrind is missing, so instructions are not counted: `{VALGRIND}` installs it on Debian")
    WORK.mkdir(parents=True, exist_ok=True)
    subjects = [*_references(functions), *(_function(sample) for sample in chosen)]
    outcome = _measured(
        {
            "subjects": subjects,
            "secrets": samples.secrets(),
            "rounds": rounds,
            "starts": 5,
            "warm": 200,
            "valgrind": valgrind,
            "certificate": str(WORK / "certificate.pem"),
        }
    )
    results = {**_circumstances(functions), "only": functions if function else [], **outcome}
    print(page.summary(results))
    if function and not keep:
        console.say("  docs/speed.md is not changed by a run of some functions; KEEP=1 would write it")
        return 0
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    for path, text in page.documents():
        path.write_text(text)
        console.say(f"  {path.relative_to(ROOT)}")
    return 0


def _references(functions: list[str]) -> list[Subject]:
    """The floors that the chosen functions need. The two of the noise are always there."""
    wanted = dict.fromkeys(["reference-hello", "reference-put-item"])
    for function in functions:
        wanted |= dict.fromkeys(COMPARED.get(function, ()))
    return [_peer(name) if name in peers.NAMES else _reference(name) for name in wanted]


def _reference(name: str) -> Subject:
    sample = _sample("place-order" if name == "reference-place-order" else "stripe-webhook")
    program = programs.folder() / name
    return {
        "name": name,
        "role": "reference",
        "trigger": "http",
        "command": [str(program)],
        "environment": {},
        "event": samples.event(sample),
        "items": samples.items(sample),
        "zip_bytes": programs.zip_bytes(program),
        "sample": sample.name,
    }


def _peer(name: str) -> Subject:
    sample = _sample("place-order")
    return {
        "name": name,
        "role": "peer",
        "trigger": "http",
        "command": peers.command(name),
        "environment": peers.environment(name),
        "event": samples.event(sample),
        "items": samples.items(sample),
        "zip_bytes": peers.zip_bytes(name),
        "sample": sample.name,
    }


def _function(sample: samples.Sample) -> Subject:
    program = programs.folder() / sample.function
    event = samples.event(sample)
    return {
        "name": sample.function,
        "role": "function",
        "trigger": "queue" if "Records" in json.loads(event) else "http",
        "command": [str(program)],
        "environment": programs.environment(sample.function, programs.template()),
        "event": event,
        "items": samples.items(sample),
        "zip_bytes": programs.zip_bytes(program),
        "sample": sample.name,
    }


def _sample(function: str) -> samples.Sample:
    return next(sample for sample in samples.SAMPLES if sample.function == function)


def _measured(plan: dict[str, Any]) -> dict[str, Any]:
    """Runs the harness, which shows its own progress."""
    path, results = WORK / "plan.json", WORK / "results.json"
    path.write_text(json.dumps(plan))
    results.unlink(missing_ok=True)
    harness = ROOT / "target" / build.host() / build.PROFILE / "bench-harness"
    process = subprocess.Popen([str(harness), str(path), str(results)], stdout=2)
    try:
        code = process.wait(LONGEST_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"The measurement took longer than {LONGEST_SECONDS:.0f} s and was ended.") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code != 0:
        raise Trouble("The measurement failed: see above. Nothing was written.")
    measured: dict[str, Any] = json.loads(results.read_text())
    return measured


def _circumstances(functions: list[str]) -> dict[str, Any]:
    return {
        "measured_at": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}"},
        "peers": peers.versions() if "place-order" in functions else {},
    }


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
