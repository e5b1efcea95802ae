"""`make mutants`: does a test notice when a decision is changed? Changes one expression at a time, and runs the crate's tests.

cargo-mutants works on a copy of the tree, so production cannot be affected. It changes only the modules that decide: a new
one is added to `DECIDES`. A mutant that no test can notice, because it means the same, is listed with its reason in
`.cargo/mutants.toml`.
"""

from __future__ import annotations

import json
import subprocess

from . import choices, console, tools
from .settings import ROOT, clean_environment
from .trouble import Trouble

CARGO_MUTANTS = "27.1.0"
# A folder of its own: its packages have the names and versions of the tree's.
TARGET = ROOT / "target" / "mutants"
FOUND = TARGET / "mutants.out"
SCHEMES = ("easypost", "github", "mac", "shopify", "standard", "stripe")
# Each crate with its modules that decide.
DECIDES = {
    "payments": ["functions/payments/src/ledger*", "functions/payments/src/ledger/*", "functions/payments/src/payment/*"],
    "orders": ["functions/orders/src/facts.rs", "functions/orders/src/facts/*"],
    "shipping": ["functions/shipping/src/shipment.rs", "functions/shipping/src/shipment/*"],
    "inventory": ["functions/inventory/src/allocation.rs"],
    "resilience": ["shared/resilience/src/*.rs"],
    "webhooks": [f"shared/webhooks/src/{scheme}.rs" for scheme in SCHEMES],
}


def run(only: str) -> int:
    """`only`: part of the names of the crates; empty for all."""
    crates = choices.matching("crate", only, list(DECIDES))
    tools.cargo_program("cargo-mutants", CARGO_MUTANTS)
    survivors: list[str] = []
    print(f"| {'crate':12} | {'caught':>6} | {'missed':>6} | {'unviable':>8} |\n|{'-' * 14}|{'-' * 8}|{'-' * 8}|{'-' * 10}|")
    for crate in crates:
        found = _mutate(crate)
        survivors += found["MissedMutant"] + found["Timeout"]
        counts = [len(found[summary]) for summary in ("CaughtMutant", "MissedMutant", "Unviable")]
        print(f"| {crate:12} | {counts[0]:6} | {counts[1]:6} | {counts[2]:8} |", flush=True)
    for survivor in survivors:
        print(f"no test notices: {survivor}")
    print(f"{len(survivors)} changes of decisions are noticed by no test of their crate")
    return 1 if survivors else 0


def _mutate(crate: str) -> dict[str, list[str]]:
    """The names of the crate's mutants, by what became of them."""
    files = [argument for pattern in DECIDES[crate] for argument in ("--file", pattern)]
    command = ["cargo", "mutants", "--package", crate, *files, "--output", str(TARGET), "--test-tool", "nextest"]
    # Binaries link the whole AWS SDK and decide nothing, so only the libraries' tests are built.
    command += ["--no-shuffle", "--colors", "never", "--", "--lib", *_integration_tests(crate)]
    environment = {
        **clean_environment(),
        "CARGO_TARGET_DIR": str(TARGET / "build"),
        "CARGO_PROFILE_DEV_DEBUG": "0",
        "CARGO_PROFILE_TEST_DEBUG": "0",
        "CONVEYOR_RECEIVERS": str(tools.receivers()),
        "PATH": f"{tools.nextest().parent}:{tools.path_with_tools()}",
    }
    log = TARGET / f"{crate}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with console.waiting(f"{crate}: one change at a time"), log.open("w") as output:
        code = subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT).returncode
    # 2: a mutant was missed; 3: one took too long. Everything else is no result.
    if code not in (0, 2, 3):
        last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise Trouble(f"cargo-mutants could not test {crate} (see {log.relative_to(ROOT)}):\n{last}")
    outcomes = json.loads((FOUND / "outcomes.json").read_text())["outcomes"]
    found: dict[str, list[str]] = {"CaughtMutant": [], "MissedMutant": [], "Timeout": [], "Unviable": []}
    for outcome in outcomes:
        if outcome["scenario"] != "Baseline":
            found[outcome["summary"]].append(outcome["scenario"]["Mutant"]["name"])
    return found


def _integration_tests(crate: str) -> list[str]:
    root = next(path for path in (ROOT / "functions" / crate, ROOT / "shared" / crate) if path.is_dir())
    return ["--tests"] if not (root / "src" / "bin").exists() and (root / "tests").is_dir() else []
