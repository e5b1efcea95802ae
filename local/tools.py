"""The tools, at the versions that `requirements/` pins, in the ignored folder `.tools/`.

Each virtual environment has one purpose. The emulator and the SAM CLI need two because they pin different versions of botocore.

| name | contents | installed by |
|---|---|---|
| `stack` | emulator and payment provider | every command but those below |
| `tools` | what builds, checks and deploys | every command but those below |
| `operator` | boto3 | `secrets`, and every command of an operator with `STACK=` |
| `receivers` | the official webhook libraries for Python and Node | `test` |
| `judges` | two more implementations of DynamoDB, in Python and Node | `test`, `guards` |
| `powertools` | Powertools for AWS Lambda, in Python and Node | `bench` |
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from . import console
from .settings import REQUIREMENTS, ROOT, STATE, TOOLS
from .trouble import Trouble

# The first of each is the one whose Python runs the command.
LOCAL = ("stack", "tools")
DEPLOY = ("tools",)
ON_AWS = ("operator",)
NEXTEST = "0.9.143"
NEXTEST_LEAST = (0, 9, 100)


def program(venv_name: str, name: str) -> Path:
    return TOOLS / venv_name / "bin" / name


def running_on(venvs: tuple[str, ...]) -> bool:
    return Path(sys.prefix).resolve() == (TOOLS / venvs[0]).resolve() and all(_installed(name) for name in venvs)


def start_again_on(venvs: tuple[str, ...], arguments: list[str]) -> None:
    python = str(program(venvs[0], "python"))
    os.execv(python, [python, "-m", "local", *arguments])


def install(venvs: tuple[str, ...]) -> None:
    """Returns at once if the installed packages match the requirements."""
    for name in venvs:
        if not _installed(name):
            _install(name)


def receivers() -> Path:
    """The folder with `bin/python` and `node_modules` for the tests' webhook receivers."""
    return _python_and_node("receivers", ROOT / "tests" / "receivers")


def judges() -> Path:
    """The folder with `bin/moto_server` and `node_modules/dynalite` for the contract suite."""
    return _python_and_node("judges", ROOT / "tests" / "contract" / "judges")


def powertools() -> Path:
    """The folder with `bin/python` and `node_modules` for what `make bench` compares `place-order` with."""
    return _python_and_node("powertools", ROOT / "bench" / "powertools" / "node")


def _python_and_node(name: str, package: Path) -> Path:
    """A virtual environment that also has the Node packages that the lock file in `package` pins."""
    folder, lock = TOOLS / name, package / "package-lock.json"
    stamp, wanted = folder / "packages", fingerprint(name) + hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    if shutil.which("npm") is None:
        raise Trouble(
            "`npm` is not on the PATH: it comes with Node.js, or as a package of its own; install it, then try again."
        )
    _install(name)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(package / file, folder)
    log = STATE / f"install-{name}-node.log"
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    with log.open("w") as output:
        if subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT).returncode != 0:
            raise Trouble(f"npm could not install the packages of {name}: see {log.relative_to(ROOT)}, then try again.")
    stamp.write_text(wanted)
    return folder


def path_with_tools() -> str:
    """cargo-lambda finds zig only through the first `python3` on the PATH, so our virtual environment comes first."""
    return os.pathsep.join([str(TOOLS / "tools" / "bin"), str(TOOLS / "bin"), os.environ.get("PATH", "")])


def nextest() -> Path:
    """The test runner: the machine's own if it is new enough, else one that is built once (some minutes)."""
    theirs = shutil.which("cargo-nextest")
    if theirs and _nextest_version(theirs) >= NEXTEST_LEAST:
        return Path(theirs)
    return cargo_program("cargo-nextest", NEXTEST)


def cargo_program(name: str, version: str) -> Path:
    """A program from crates.io, built once (some minutes) at this version."""
    ours = TOOLS / "bin" / name
    if not ours.exists():
        console.say(f"  building {name} {version}, once; this takes some minutes")
        command = ["cargo", "install", name, "--locked", "--version", version, "--root", str(TOOLS)]
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            raise Trouble(f"{name} could not be built: see cargo's output above.")
    return ours


def _nextest_version(path: str) -> tuple[int, ...]:
    output = subprocess.run([path, "nextest", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", output)
    return tuple(int(part) for part in found.groups()) if found else (0,)


def _install(name: str) -> None:
    folder = TOOLS / name
    log = STATE / f"install-{name}.log"
    log.parent.mkdir(exist_ok=True)
    with console.waiting(f"installing the pinned tools into .tools/{name}"), log.open("w") as output:
        try:
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
        except subprocess.CalledProcessError as error:
            raise Trouble(
                "Python could not make a virtual environment: install its venv package (python3-venv), then try again."
            ) from error
        command = [
            str(program(name, "python")),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "-r",
            str(_requirements(name)),
        ]
        if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT).returncode != 0:
            raise Trouble(
                f"pip could not install {_requirements(name).relative_to(ROOT)}: see {log.relative_to(ROOT)}, then try again."
            )
    _stamp(name).write_text(fingerprint(name))


def fingerprint(name: str) -> str:
    # Includes the folder: a virtual environment that was moved or copied still points at the old place and fails.
    return hashlib.sha256(_requirements(name).read_bytes() + str(TOOLS / name).encode()).hexdigest()


def _installed(name: str) -> bool:
    return _stamp(name).exists() and _stamp(name).read_text() == fingerprint(name)


def _stamp(name: str) -> Path:
    return TOOLS / name / "installed"


def _requirements(name: str) -> Path:
    return REQUIREMENTS / f"{name}.txt"
