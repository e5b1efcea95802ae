"""`make check`: every check that does not run the code. Stops at the first one that fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

from . import build, console, documents, resources, template, tools, web
from .settings import LOOPBACK, NESTED, REGION, ROOT, SAM_CONFIG, TEMPLATE, aws_environment
from .trouble import Trouble

# Commits after this one have a subject of at most `SUBJECT` characters. The history before it is older than the rule.
RULE_SINCE = "2325bd7519102f257970f6dc9d0e86009561c793"
SUBJECT = 72
# A stack of its own, which consumers copy.
EXAMPLE = Path("examples", "subscriber", "template.yaml")


def run() -> int:
    _commit_subjects()
    web.build()
    same = ["--profile", build.PROFILE, "--target", build.host()]  # shares the artifacts of the functions' build
    _cargo(["fmt", "--all", "--check"], "run `cargo fmt --all`")
    _cargo(["clippy", "--workspace", "--all-targets", "--locked", *same, "--", "-D", "warnings"], "fix what clippy reports")
    _cargo(["doc", "--workspace", "--no-deps", "--locked", *same], "fix the documentation")
    _features()
    template.refuse_stale()
    sam = ["sam", "validate", "--config-file", str(SAM_CONFIG), "--lint", "--template-file", TEMPLATE.name, "--region", REGION]
    _quietly(sam, "fix template.yaml")
    _quietly(["cfn-lint", TEMPLATE.name, NESTED.name, str(EXAMPLE)], f"fix template.yaml, alarms.yaml or {EXAMPLE}")
    resources.check()
    _quietly(["ruff", "check", "local", "bench", "examples"], "fix what ruff reports")
    _quietly(
        ["ruff", "format", "--check", "local", "bench", "examples"], "run `.tools/tools/bin/ruff format local bench examples`"
    )
    _quietly(
        ["python", "-m", "compileall", "-q", "local", "bench", "examples"], "fix the Python in local/, bench/ and examples/"
    )
    if stale := documents.stale():
        raise Trouble(f"{', '.join(stale)} differ from what template.yaml says: run `make docs`, then `make check` again.")
    return 0


def _features() -> None:
    """`make test` compiles a crate of the functions again if the tests ask for other features of it, with all that uses it."""
    functions, everything = _graph(build.packages()), _graph(["--workspace", "--edges", "normal,dev"])
    if twice := sorted(functions - everything):
        raise Trouble(
            f"The tests need other features of {', '.join(twice)} than the functions: name the crate in Cargo.toml with the"
            " features of both, as for futures-executor, or `make test` compiles what uses it twice."
        )


def _graph(selection: list[str]) -> set[str]:
    """Each crate that is compiled for the selected packages, with its features."""
    command = ["cargo", "tree", "--locked", "--target", build.host(), "--prefix", "none", "--format", "{p} [{f}]"]
    edges = [] if "--edges" in selection else ["--edges", "normal"]
    done = subprocess.run([*command, *edges, *selection], cwd=ROOT, env=build.environment(), capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"cargo cannot resolve the workspace: {done.stderr.strip()}")
    return {line.removesuffix(" (*)") for line in done.stdout.splitlines()}


def _commit_subjects() -> None:
    """Passes without git or without the commit: a downloaded archive and a shallow clone have no history to check."""
    command = ["git", "log", "--no-merges", "--format=%h %s", f"{RULE_SINCE}..HEAD"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        done = None
    if done is None or done.returncode != 0:
        console.say("  commit subjects: not checked, because this copy has no history")
        return
    long = [line for line in done.stdout.splitlines() if len(line.partition(" ")[2]) > SUBJECT]
    if long:
        raise Trouble(f"These commit subjects have more than {SUBJECT} characters: shorten them.\n  " + "\n  ".join(long))


def _cargo(arguments: list[str], remedy: str) -> None:
    """cargo shows its own progress."""
    console.say(f"  cargo {arguments[0]}")
    environment = {**build.environment(), "RUSTDOCFLAGS": "-D warnings"}
    if subprocess.run(["cargo", *arguments], cwd=ROOT, env=environment).returncode != 0:
        raise _found(f"cargo {arguments[0]}", remedy)


def _quietly(command: list[str], remedy: str) -> None:
    """Shows the output only if the check fails."""
    shown = " ".join(command[:2])
    # `sam validate` requires an account and does not call it. It must not find a real one.
    environment = aws_environment(f"http://{LOOPBACK}:9")
    with console.waiting(shown):
        done = subprocess.run(
            [str(tools.program("tools", command[0])), *command[1:]],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if done.returncode != 0:
        console.say(done.stdout)
        raise _found(shown, remedy)


def _found(shown: str, remedy: str) -> Trouble:
    return Trouble(f"`{shown}` failed, see above: {remedy}, then `make check` again.")
