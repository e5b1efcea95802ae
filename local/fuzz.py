"""`make fuzz`: each fuzzer for a bounded time, without an account, a stack or a nightly compiler.

The fuzzers are in fuzz/. They start from the seeds in that folder and keep interesting inputs in target/fuzz, so that a second
run continues where the first one stopped. They run without a sanitizer because there is no unsafe code: they look for panics,
properties that do not hold, and inputs that take too much time or memory.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from . import build, console, tools
from .settings import ROOT, clean_environment
from .trouble import Trouble

CARGO_FUZZ = "0.13.1"
TARGET = ROOT / "target" / "fuzz"
# A short build matters more here than the speed of a run.
PROFILE = {"LTO": "off", "CODEGEN_UNITS": "16", "OPT_LEVEL": "1", "STRIP": "none"}
# A parser that needs longer than this for one input (libFuzzer's inputs have at most 4 KB) is a denial of service.
LONGEST_INPUT_SECONDS = 10
MOST_MEGABYTES = 2048


def run(seconds: int, only: str) -> int:
    """`seconds`: the time of each fuzzer. `only`: part of the names of those to run; empty for all."""
    names = _names(only)
    tools.cargo_program("cargo-fuzz", CARGO_FUZZ)
    console.say("  compiling the fuzzers (the first time takes some minutes)")
    if _cargo("fuzz", "build", *_options()).returncode != 0:
        raise Trouble("The fuzzers do not compile: see cargo's output above.")
    seeds = _seeds()
    print(f"| {'fuzzer':16} | {'inputs':>10} | {'edges':>6} | {'corpus':>6} | found")
    print(f"|{'-' * 18}|{'-' * 12}|{'-' * 8}|{'-' * 8}|------")
    found = [name for name in names if not _fuzz(name, seconds, seeds / name)]
    print(f"{len(names) - len(found)} of {len(names)} fuzzers found nothing in {seconds} s each")
    return 1 if found else 0


def _names(only: str) -> list[str]:
    every = [path.stem for path in sorted((ROOT / "fuzz" / "fuzz_targets").glob("*.rs"))]
    names = [name for name in every if only in name]
    if not names:
        raise Trouble(f"No fuzzer's name contains `{only}`. The fuzzers are {', '.join(every)}.")
    return names


def _options() -> list[str]:
    return ["--sanitizer", "none", "--features", "libfuzzer", "--target-dir", str(TARGET)]


def _fuzz(name: str, seconds: int, seeds: Path) -> bool:
    corpus, artifacts, log = TARGET / "corpus" / name, TARGET / "artifacts" / name, TARGET / f"{name}.log"
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", f"-timeout={LONGEST_INPUT_SECONDS}", f"-rss_limit_mb={MOST_MEGABYTES}"]
    flags = [*limits, f"-artifact_prefix={artifacts}/", "-print_final_stats=1"]
    with console.waiting(f"{name}, for {seconds} s"), log.open("w") as output:
        done = _cargo("fuzz", "run", *_options(), name, str(corpus), str(seeds), "--", *flags, output=output)
    text = log.read_text(errors="replace")
    inputs = re.findall(r"number_of_executed_units: (\d+)", text)
    coverage = re.findall(r"cov: (\d+)", text)
    kept = sum(1 for _ in corpus.iterdir())
    verdict = "nothing" if done.returncode == 0 else "SOMETHING"
    edges = coverage[-1] if coverage else "?"
    print(f"| {name:16} | {inputs[-1] if inputs else '?':>10} | {edges:>6} | {kept:>6} | {verdict}", flush=True)
    if done.returncode != 0:
        console.complain("\n".join(text.splitlines()[-25:]))
        console.say(
            f"\nThe input is in {artifacts.relative_to(ROOT)}, the log in {log.relative_to(ROOT)}. To run that input alone:"
        )
        console.say(f"  make fuzz-one FUZZER={name} INPUT=<the file>")
    return done.returncode == 0


def one(name: str, given: str) -> int:
    """Runs one fuzzer with one input, for example to reproduce a finding."""
    if name not in _names(""):
        raise Trouble(f"There is no fuzzer `{name}`. The fuzzers are {', '.join(_names(''))}.")
    if not Path(given).is_file():
        raise Trouble(f"There is no file `{given}`. Findings are in target/fuzz/artifacts/{name}/.")
    tools.cargo_program("cargo-fuzz", CARGO_FUZZ)
    return _cargo("fuzz", "run", *_options(), name, str(Path(given).resolve())).returncode


def _seeds() -> Path:
    """Writes the seeds as files. They are code, so that they cannot be older than what they test."""
    folder = TARGET / "seeds"
    # The same profile as `make test`, so that shared crates are compiled once.
    same = ["--profile", build.PROFILE, "--target", build.host()]
    command = ["cargo", "run", "--quiet", *same, "-p", "fuzz", "--example", "write-seeds", "--", str(folder)]
    if subprocess.run(command, cwd=ROOT, env=clean_environment()).returncode != 0:
        raise Trouble("The seeds could not be written: see cargo's output above.")
    return folder


def _cargo(*command: str, output: object = None) -> subprocess.CompletedProcess[str]:
    profile = {f"CARGO_PROFILE_RELEASE_{name}": value for name, value in PROFILE.items()}
    environment = {**clean_environment(), **profile, "PATH": tools.path_with_tools()}
    return subprocess.run(["cargo", *command], cwd=ROOT, env=environment, text=True, stdout=output, stderr=output)  # type: ignore[call-overload]
