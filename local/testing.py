"""`make test`: every test of the workspace, of console and shop in a browser and of `make deploy`, with the stack up; also
`make simulate` and `make model`.

A stack that was up before stays up; otherwise it is stopped. The test runner's own summary is printed last, and its exit code
is returned.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from . import build, choices, console, env, judges, tools, users, web
from .settings import ROOT, clean_environment
from .state import Stack
from .trouble import Trouble

RULE = "────────────"
# Without the functions' mains: none has a test, as tests/tidy holds, and each would be linked once more with the SDK.
EVERYTHING = ["--workspace", "--lib", "--test", "*", "--bin", "bench-harness"]


def run(bring_up: Callable[[], Stack], take_down: Callable[[], None], was_up: bool, arguments: list[str]) -> int:
    runner = tools.nextest()
    try:
        stack = bring_up()
        with judges.running() as judging:
            code, summary = _nextest(str(runner), stack, judging, arguments)
        in_browser = 0 if arguments else browser_tests(stack)
        # After the others: its second stack in the emulator must not be found by them.
        of_deploy = 0 if arguments else _deploy_tests(stack)
    finally:
        if not was_up:
            take_down()
    print(summary, end="")
    if in_browser:
        console.complain("The tests of console and shop in a browser failed: see above, before the summary.")
    if of_deploy:
        console.complain("The tests of `make deploy` failed: see above, before the summary.")
    return code or in_browser or of_deploy


def simulate(seeds: str, orders: str) -> int:
    """`make simulate`: simulates worlds without a stack. The program prints its own report."""
    return _program("simulation", "simulate", "simulation", [seeds, orders])


def cost() -> int:
    """`make cost`: counts without a stack. The program says whether the page changed."""
    return _program("cost", "cost", "order's cost", [])


def cost_growth() -> int:
    """`make cost-growth`: counts in a shop with many orders, without a stack. The program reports its progress."""
    return _program("cost", "growth", "order's cost in a grown shop", [])


def model(scenario: str, options: list[str]) -> int:
    """`make model`: explores scenarios without a stack. The program prints its own table.

    `scenario` is a part of the names, or empty for all. It is checked before anything is compiled.
    """
    choices.matching("scenario", scenario, model_scenarios(is_deep="--deep" in options))
    return _program("model", "model", "model", [*options, *([scenario] if scenario else [])])


def model_scenarios(is_deep: bool) -> list[str]:
    """The names of the scenarios, from the list that a test of the model compares with the code."""
    lines = (ROOT / "tests/model/scenarios.txt").read_text().splitlines()
    small = [line for line in lines if not line.startswith("deep: ")]
    return [line.removeprefix("deep: ") for line in lines] if is_deep else small


def _program(package: str, binary: str, what: str, arguments: list[str]) -> int:
    same = ["--profile", build.PROFILE, "--target", build.host()]
    command = ["cargo", "run", "--quiet", *same, "-p", package, "--bin", binary]
    web.build()
    console.say(f"  compiling the {what} (the first time takes some minutes)")
    return subprocess.run([*command, "--", *arguments], cwd=ROOT, env=clean_environment()).returncode


def _nextest(runner: str, stack: Stack, judging: dict[str, str], arguments: list[str]) -> tuple[int, str]:
    """Shows the runner's output as it appears, and returns its summary, which is printed once more at the end."""
    environment = {
        **clean_environment(),
        **env.variables(stack),
        **judging,
        "CONVEYOR_RECEIVERS": str(tools.receivers()),
        "PATH": tools.path_with_tools(),
    }
    # Compiled like the functions, so that what they share is compiled once.
    command = [
        runner,
        "nextest",
        "run",
        "--no-fail-fast",
        "--cargo-profile",
        build.PROFILE,
        "--target",
        build.host(),
        *(arguments or EVERYTHING),
    ]
    console.say(f"  {' '.join(['cargo', *command[1:]])}")
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        assert child.stdout is not None  # it was asked for, just above
        for line in child.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return child.returncode, _last_words(lines)


def browser_tests(stack: Stack) -> int:
    """The tests of console and shop. Those in Chromium are skipped without it, and the line says how to get it."""
    files = web.tests("units/*.test.mjs")
    if web.chromium():
        files += web.tests("*.test.mjs")
    console.say("  tests of console and shop")
    # A person waits more than a processor does, and so does a test that acts as one.
    command = ["node", "--test", "--test-concurrency=4", "--test-reporter=spec", *files]
    code = subprocess.run(command, cwd=ROOT / web.CONSOLE, env=browser_environment(stack)).returncode
    if not web.chromium():
        console.complain(f"The tests in a browser are SKIPPED: there is no Chromium. Install it with\n  {web.INSTALL_CHROMIUM}")
    return code


def screenshots(stack: Stack) -> int:
    """`make screenshots`: the pictures of console and shop, from the real pages."""
    if web.chromium() is None:
        raise Trouble(f"There is no Chromium: {web.INSTALL_CHROMIUM}, then try again.")
    return subprocess.run(["node", "screenshots.mjs"], cwd=ROOT / web.CONSOLE, env=browser_environment(stack)).returncode


def browser_environment(stack: Stack) -> dict[str, str]:
    people = json.dumps(users.of_browser_tests(stack))
    chromium = {"CONVEYOR_CHROMIUM": web.chromium() or "", "CONVEYOR_PEOPLE": people}
    return {**clean_environment(), **env.variables(stack), **chromium}


def _deploy_tests(stack: Stack) -> int:
    """`make deploy` on a terminal, and the template's rules. On the tools' Python, which runs `make deploy` too."""
    command = [str(tools.program("tools", "python")), "-m", "unittest", "discover", "-s", "local/tests", "-t", ".", "-v"]
    console.say("  tests of `make deploy`")
    return subprocess.run(command, cwd=ROOT, env={**clean_environment(), **env.variables(stack)}).returncode


def _last_words(lines: list[str]) -> str:
    rules = [number for number, line in enumerate(lines) if line.strip() == RULE]
    return "".join(lines[rules[-1] :]) if rules else ""
