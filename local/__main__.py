"""Where `python3 -m local …` starts.

Runs first on the machine's own Python with nothing but the standard library: it parses the command line, checks and installs
what the command needs, and starts itself again on the Python of a virtual environment that has boto3.
"""

import sys

from . import arguments, console, emulators, prerequisites, tools
from .trouble import Trouble


def main(given: list[str]) -> int:
    console.write_through()
    options = arguments.parse(given)
    if options.command == "down":
        emulators.take_down()
        return 0
    # An operator's command against AWS needs neither a compiler nor the emulator.
    on_aws = bool(getattr(options, "stack", None))
    venvs = tools.ON_AWS if on_aws else tools.LOCAL
    if on_aws:
        prerequisites.check_python()
    else:
        prerequisites.check()
    if not tools.running_on(venvs):
        tools.install(venvs)
        tools.start_again_on(venvs, given)
    from . import commands  # it needs boto3, so it may be named only from here on

    return commands.run(options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        console.complain(str(trouble))
        sys.exit(1)
    except KeyboardInterrupt:
        console.complain("Interrupted. `make down` stops what is still running.")
        sys.exit(130)
