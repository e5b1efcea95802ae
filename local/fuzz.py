"""`make fuzz`: each fuzzer for a bounded time, without an account, a stack or a nightly compiler.

The fuzzers are in fuzz/. They begin with the seeds that stand there and keep what they find interesting in target/fuzz, so that
a second run goes on where the first one stopped. No sanitizer: there is no unsafe code here, and what is looked for are panics,
properties that do not hold, and inputs that take too long or too much memory.
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
# Minutes of compiling matter more here than the last microsecond of a run.
PROFILE = {"LTO": "off", "CODEGEN_UNITS": "16", "OPT_LEVEL": "1", "STRIP": "none"}
# A parser that takes longer than this for one input (libFuzzer's lengths end at 4 KB) lets itself be stopped by a stranger.
LONGEST_INPUT_SECONDS = 10
MOST_MEGABYTES = 2048


def run(seconds: str, only: str) -> int:
    """`seconds` for each fuzzer; `only`: a part of the names of those to run, empty for all."""
    if not seconds.isdigit() or int(seconds) == 0:
        raise Trouble(f"SECONDS is a whole number from 1, and not `{seconds}`: make fuzz SECONDS=60")
    _install()
    names = [path.stem for path in sorted((ROOT / "fuzz" / "fuzz_targets").glob("*.rs")) if only in path.stem]
    if not names:
        raise Trouble(f"No fuzzer's name contains `{only}`: they are in fuzz/fuzz_targets.")
    console.say("  compiling the fuzzers (the first time takes some minutes)")
    if _cargo("fuzz", "build", *_options()).returncode != 0:
        raise Trouble("The fuzzers do not compile: cargo's own words are above.")
    seeds = _seeds()
    print(f"| {'fuzzer':16} | {'inputs':>10} | {'edges':>6} | {'corpus':>6} | found")
    print(f"|{'-' * 18}|{'-' * 12}|{'-' * 8}|{'-' * 8}|------")
    found = [name for name in names if not _fuzz(name, int(seconds), seeds / name)]
    print(f"{len(names) - len(found)} of {len(names)} fuzzers found nothing in {seconds} s each")
    return 1 if found else 0


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
            f"\nIts input is in {artifacts.relative_to(ROOT)}, the whole log in {log.relative_to(ROOT)}. With that input alone:"
        )
        console.say(f"  make fuzz-one FUZZER={name} INPUT=<the file>")
    return done.returncode == 0


def one(name: str, given: str) -> int:
    """Runs a fuzzer with one input, as when a finding is mended."""
    if not Path(given).is_file():
        raise Trouble(f"There is no file `{given}`: make fuzz-one FUZZER=messages INPUT=target/fuzz/artifacts/messages/crash-…")
    _install()
    return _cargo("fuzz", "run", *_options(), name, str(Path(given).resolve())).returncode


def _seeds() -> Path:
    """The seeds are code, so that they cannot be older than what they are for; the fuzzers want files."""
    folder = TARGET / "seeds"
    # Compiled as everything else here is, so that what it shares with `make test` is compiled once.
    same = ["--profile", build.PROFILE, "--target", build.host()]
    command = ["cargo", "run", "--quiet", *same, "-p", "fuzz", "--example", "write-seeds", "--", str(folder)]
    if subprocess.run(command, cwd=ROOT, env=clean_environment()).returncode != 0:
        raise Trouble("The seeds could not be written: cargo's own words are above.")
    return folder


def _install() -> None:
    if (tools.TOOLS / "bin" / "cargo-fuzz").exists():
        return
    console.say(f"  cargo-fuzz {CARGO_FUZZ} is built now, once")
    command = ["cargo", "install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ, "--root", str(tools.TOOLS)]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise Trouble("cargo-fuzz could not be built: cargo's own words are above.")


def _cargo(*command: str, output: object = None) -> subprocess.CompletedProcess[str]:
    profile = {f"CARGO_PROFILE_RELEASE_{name}": value for name, value in PROFILE.items()}
    environment = {**clean_environment(), **profile, "PATH": tools.path_with_tools()}
    return subprocess.run(["cargo", *command], cwd=ROOT, env=environment, text=True, stdout=output, stderr=output)  # type: ignore[call-overload]
