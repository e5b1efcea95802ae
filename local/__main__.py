"""Where `python3 -m local …` starts.

Runs first on the machine's own Python with nothing but the standard library: it parses the command line, checks and installs
what the command needs, and starts itself again on the Python of a virtual environment that has boto3.
"""

import argparse
import sys

from . import arguments, console, emulators, prerequisites, tools
from .trouble import Trouble


def main(given: list[str]) -> int:
    console.write_through()
    options = arguments.parse(given)
    if options.command == "down":
        emulators.take_down()
        return 0
    venvs = _prepared(options)
    if not tools.running_on(venvs):
        tools.install(venvs)
        tools.start_again_on(venvs, given)
    from . import commands  # it needs boto3, so it may be named only from here on

    return commands.run(options)


def _prepared(options: argparse.Namespace) -> tuple[str, ...]:
    """Checks for what only the machine can bring, and returns the environments that the command runs on."""
    if options.command == "deploy":
        # No emulator, so no Node. What is compiled already needs no compiler.
        prerequisites.check(() if options.compiled else ("cargo", "rustc"))
        return tools.DEPLOY
    if getattr(options, "stack", None):
        # An operator's command against AWS needs neither a compiler nor the emulator.
        prerequisites.check_python()
        return tools.ON_AWS
    prerequisites.check()
    return tools.LOCAL


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        console.complain(str(trouble))
        sys.exit(trouble.exit_code)
    except KeyboardInterrupt:
        on_aws = sys.argv[1:2] in (["deploy"], ["secrets"])
        console.complain("Interrupted." if on_aws else "Interrupted. `make down` stops what is still running.")
        sys.exit(130)
