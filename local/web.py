"""The pages for people in `web/`: their packages, their build, their browser.

`functions/console` embeds what the build writes into `web/dist`. Packages are installed anew only if the lock file has changed,
and the build is skipped if no source has.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from . import console
from .settings import ROOT, clean_environment
from .trouble import Trouble

# Relative to the tree. Both folders are ignored by git.
WEB = Path("web")
DIST = WEB / "dist"
# The library that the page is compiled with.
LIBRARY = Path("examples/live/src")
# What is no source of the page.
NO_SOURCES = {"node_modules", "dist", "tests"}
# Where Debian and others install it, and what makes it available.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INSTALL_CHROMIUM = "apt-get install --yes --no-install-recommends chromium"


def build(tree: Path = ROOT) -> None:
    """Builds the page of the tree, if it has one and its sources have changed."""
    if not (tree / WEB / "package.json").exists():
        return  # a tree of before the console
    wanted, stamp = _fingerprint(tree), tree / DIST / ".sources"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    install(tree)
    shutil.rmtree(tree / DIST, ignore_errors=True)
    _run(["npm", "run", "--silent", "build"], tree, "building the console's page", "the console's page could not be built")
    stamp.write_text(wanted)


def install(tree: Path = ROOT) -> None:
    """Installs the packages that the lock file pins."""
    wanted = hashlib.sha256((tree / WEB / "package-lock.json").read_bytes()).hexdigest()
    stamp = tree / WEB / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if shutil.which("npm") is None:
        raise Trouble(
            "`npm` is not on the PATH: it comes with Node.js, or as a package of its own; install it, then try again."
        )
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    _run(command, tree, "installing the packages of web/", "npm could not install the packages of web/")
    stamp.write_text(wanted)


def chromium() -> str | None:
    """The browser of this machine, if it has one."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


def tests(pattern: str) -> list[str]:
    """The files of the tests, from the folder `web`. Node 20 takes no pattern."""
    return [str(path.relative_to(ROOT / WEB)) for path in sorted((ROOT / WEB / "tests").glob(pattern))]


def _fingerprint(tree: Path) -> str:
    digest = hashlib.sha256()
    for path in [*sorted((tree / WEB).rglob("*")), *sorted((tree / LIBRARY).rglob("*"))]:
        inside = path.relative_to(tree)
        if path.is_file() and inside.parts[1] not in NO_SOURCES:
            digest.update(str(inside).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _run(command: list[str], tree: Path, what: str, failure: str) -> None:
    """Shows the output only if the command fails."""
    with console.waiting(what):
        done = subprocess.run(
            command,
            cwd=tree / WEB,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    if done.returncode != 0:
        console.say(done.stdout)
        raise Trouble(f"{failure}: see above, then try again.")
