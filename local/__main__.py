"""Where `python3 -m local …` starts.

Runs first on the machine's own python, which has only the standard library: it looks for what must be there, installs the
pinned tools, and then starts itself again on the python of the stack's tools, which has boto3.
"""

import sys

from . import console, emulators, prerequisites, tools
from .trouble import Trouble


def main(arguments: list[str]) -> int:
    console.write_through()
    if arguments == ["down"]:
        emulators.take_down()
        return 0
    prerequisites.check()
    if not tools.running_on_the_stacks_python():
        tools.install()
        tools.start_again_on_the_stacks_python(arguments)
    from . import commands  # it needs boto3, so it may be named only from here on

    return commands.run(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        console.complain(str(trouble))
        sys.exit(1)
    except KeyboardInterrupt:
        console.complain("Stopped by you. `make down` stops what already runs.")
        sys.exit(130)
