"""`make roll PREVIOUS=<ref>`: deploys another build over the running one and returns, while a shop is in full operation.

The other build is a commit of this repository, deployed as its own `make deploy` would: its template with its functions. So the
traffic meets both directions, the rollback and the way forward, with messages of either build in every queue. Then every order
ends, and the books are audited: `load/books.py`.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from . import build, console, deploy, gaps
from .load import books
from .load.parties import Parties
from .load.traffic import Traffic
from .settings import ROOT, STATE, TEMPLATE
from .state import Stack
from .trouble import Trouble

TREE = STATE / "previous"
# Compiled apart, and kept: a package of both builds has one name and would be compiled anew in each direction.
COMPILED = ROOT / "target" / "previous"
ORDERS_PER_SECOND = 1.0
# Of one build, before the other is deployed over it.
CALM_SECONDS = 30.0
SETTLES_SECONDS = 600.0


def run(stack: Stack, previous: str) -> int:
    """Returns the exit code: 1 if an invariant is broken."""
    if left := books.waiting(stack):
        raise Trouble(f"The stack still holds messages ({', '.join(left)}): run `make down` first.")
    commit = _checked_out(previous)
    build.functions(TREE)
    parties = Parties(stack, scarce_pieces=20)
    traffic = Traffic(parties, ORDERS_PER_SECOND)
    this = stack.deployed
    console.say("  orders are placed with this build")
    traffic.start()
    try:
        traffic.flow(CALM_SECONDS)
        back = _deployed(stack, traffic, TREE / TEMPLATE.name, f"previous build, {commit[:12]},", commit)
        traffic.flow(CALM_SECONDS)
        forth = _deployed(stack, traffic, TEMPLATE, "this build", this)
        traffic.flow(CALM_SECONDS)
        traffic.stop_ordering()
        is_open = traffic.settle(SETTLES_SECONDS)
    finally:
        traffic.stop()
    books.await_empty(stack)
    # Lambda lets invocations end when it deploys; the emulator does not promise that.
    found = books.found(parties, traffic.orders, stops=[back, forth])
    print(f"\n{len(traffic.orders)} orders; {parties.failed_requests} requests failed and were repeated.")
    print("\n".join(books.outcomes(found)))
    print(f"back to {commit[:12]}: {back[1] - back[0]:.0f} s; forth again: {forth[1] - forth[0]:.0f} s")
    return books.judge(found, traffic.left_behind(is_open))


def _checked_out(ref: str) -> str:
    """Puts the commit's files into a tree beside this one, and returns its id."""
    commit = _git(
        "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", otherwise=f"`{ref}` is no commit of this repository."
    )
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    files = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    unpacked = subprocess.run(["tar", "-x"], cwd=TREE, input=files.stdout, capture_output=True)
    if files.returncode != 0 or unpacked.returncode != 0:
        raise Trouble(f"The files of {commit[:12]} cannot be read: {(files.stderr or unpacked.stderr).decode().strip()}")
    COMPILED.mkdir(parents=True, exist_ok=True)
    (TREE / "target").symlink_to(COMPILED)
    return commit


def _git(*arguments: str, otherwise: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"{otherwise} {done.stderr.strip()}".strip())
    return done.stdout.strip()


def _deployed(stack: Stack, traffic: Traffic, template: Path, what: str, fingerprint: str) -> tuple[float, float]:
    """Deploys beside the traffic, and returns from when until when that took: seconds since 1970."""
    began = time.time()
    console.say(f"  {traffic.counts()}; now the {what} is deployed")
    with console.waiting("sam deploy"):
        deploy.over(stack, template, fingerprint)
    gaps.fill(stack)
    traffic.check()
    return began, time.time()
