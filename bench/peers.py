"""The same work with Powertools, in Python and in Node: how it is installed and started (bench/powertools/README.md)."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path

from local import console, tools
from local.settings import ROOT, STATE
from local.trouble import Trouble

NAMES = ("powertools-python", "powertools-node")
SOURCES = ROOT / "bench" / "powertools"
BUNDLE = STATE / "bench" / "node"


@cache
def _python() -> Path:
    """The interpreter with the packages, their byte code compiled as a deployment would."""
    folder = tools.powertools()
    with console.waiting("compiling Python's byte code"):
        subprocess.run([str(folder / "bin" / "python"), "-m", "compileall", "-q", str(folder / "lib"), str(SOURCES / "python")])
    return folder / "bin" / "python"


@cache
def _bundle() -> Path:
    """The Node program in one file, as the documentation of Powertools advises."""
    folder = tools.powertools()
    BUNDLE.mkdir(parents=True, exist_ok=True)
    target = BUNDLE / "index.mjs"
    # Some packages call `require`, which an ES module has to make.
    banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
    command = [
        str(folder / "node_modules" / ".bin" / "esbuild"),
        str(SOURCES / "node" / "runtime.mjs"),
        "--bundle",
        "--minify",
        "--platform=node",
        "--target=node20",
        "--format=esm",
        "--main-fields=module,main",
        f"--banner:js={banner}",
        f"--outfile={target}",
    ]
    done = subprocess.run(command, env={"NODE_PATH": str(folder / "node_modules")}, capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"esbuild could not bundle bench/powertools/node: {done.stderr.strip()}")
    return target


def command(name: str) -> list[str]:
    if name == "powertools-python":
        return [str(_python()), "-m", "awslambdaric", "handler.handler"]
    node = shutil.which("node")
    if node is None:
        raise Trouble("`node` is not on the PATH: install Node.js 20 or later, then try again.")
    return [node, str(_bundle())]


def environment(name: str) -> dict[str, str]:
    if name == "powertools-python":
        return {
            "PYTHONPATH": str(SOURCES / "python"),
            "LAMBDA_TASK_ROOT": str(SOURCES / "python"),
            "_HANDLER": "handler.handler",
        }
    return {"NODE_OPTIONS": "", "AWS_NODEJS_CONNECTION_REUSE_ENABLED": "1"}


def zip_bytes(name: str) -> int | None:
    """The size of the zip; of Python's packages it would say more about how they are chosen than about Powertools."""
    if name == "powertools-python":
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(_bundle(), "index.mjs")
    return len(packed.getvalue())


def versions() -> dict[str, str]:
    lock = json.loads((SOURCES / "node" / "package-lock.json").read_text())["packages"]
    pinned = dict(
        line.split("==")
        for line in (ROOT / "local" / "requirements" / "powertools.txt").read_text().splitlines()
        if "==" in line
    )
    return {
        "python": _output([str(_python()), "--version"]).removeprefix("Python "),
        "node": _output([shutil.which("node") or "node", "--version"]).removeprefix("v"),
        "powertools-python": pinned["aws_lambda_powertools"],
        "powertools-node": lock["node_modules/@aws-lambda-powertools/idempotency"]["version"],
    }


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
