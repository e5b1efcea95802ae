"""The pages for people, the console in `web/` and the shop in `examples/storefront/`: packages, builds, browser.

`functions/console` embeds what the builds write into each page's `dist`. Both pages are built with the packages of `web/`,
which are installed anew only if the lock file has changed. Both builds are skipped if no source of either page has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from . import console
from .settings import ROOT, clean_environment
from .trouble import Trouble

# Relative to the tree.
CONSOLE = Path("web")
SHOP = Path("examples/storefront")
# Relative to a page. Git ignores it, as it does `node_modules`.
DIST = Path("dist")
# What is no source of a page.
NO_SOURCES = {"node_modules", "dist", "tests"}
# Where Debian and others install it, and what makes it available.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INSTALL_CHROMIUM = "apt-get install --yes --no-install-recommends chromium"


def build(tree: Path = ROOT) -> None:
    """Builds the pages that the tree has, if their sources have changed."""
    wanted = _fingerprint(tree)
    for page, what in ((CONSOLE, "the console's page"), (SHOP, "the shop's page")):
        stamp = tree / page / DIST / ".sources"
        # A tree of another version may lack a page.
        if not (tree / page / "package.json").exists() or (stamp.exists() and stamp.read_text() == wanted):
            continue
        install(tree)
        shutil.rmtree(stamp.parent, ignore_errors=True)
        _run(["npm", "run", "--silent", "build"], tree / page, f"building {what}", f"{what} could not be built")
        compress = ["node", "compress.mjs", os.path.relpath(stamp.parent, tree / CONSOLE)]
        _run(compress, tree / CONSOLE, f"compressing {what}", f"{what} could not be compressed")
        stamp.write_text(wanted)


def install(tree: Path = ROOT) -> None:
    """Installs the packages that the lock file pins, for the examples too: Node looks for them in the folders above a file."""
    if (tree / SHOP).exists() and not (tree / SHOP.parent / "node_modules").is_symlink():
        (tree / SHOP.parent / "node_modules").symlink_to(Path("..") / CONSOLE / "node_modules")
    wanted = hashlib.sha256((tree / CONSOLE / "package-lock.json").read_bytes()).hexdigest()
    stamp = tree / CONSOLE / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if shutil.which("npm") is None:
        raise Trouble(
            "`npm` is not on the PATH: it comes with Node.js, or as a package of its own; install it, then try again."
        )
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    _run(command, tree / CONSOLE, "installing the packages of web/", "npm could not install the packages of web/")
    stamp.write_text(wanted)


def chromium() -> str | None:
    """The browser of this machine, if it has one."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


def tests(pattern: str) -> list[str]:
    """The files of the tests, from the folder `web`. Node 20 takes no pattern."""
    return [str(path.relative_to(ROOT / CONSOLE)) for path in sorted((ROOT / CONSOLE / "tests").glob(pattern))]


def _fingerprint(tree: Path) -> str:
    """Of both pages, and of the TypeScript of examples/ that they import."""
    digest = hashlib.sha256()
    sources = [*(tree / CONSOLE).rglob("*"), *(tree / SHOP).rglob("*"), *(tree / SHOP.parent).rglob("*.ts")]
    for path in sorted(set(sources)):
        inside = path.relative_to(tree)
        if path.is_file() and NO_SOURCES.isdisjoint(inside.parts):
            digest.update(str(inside).encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _run(command: list[str], folder: Path, what: str, failure: str) -> None:
    """Shows the output only if the command fails."""
    with console.waiting(what):
        done = subprocess.run(
            command,
            cwd=folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    if done.returncode != 0:
        console.say(done.stdout)
        raise Trouble(f"{failure}: see above, then try again.")
