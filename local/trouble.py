"""The exceptions of this package that are written for the person at the keyboard: what happened and what to do."""


class Trouble(Exception):
    """One or two sentences. Printed without a traceback."""

    exit_code = 1


class Interrupted(Trouble):
    """The person stopped the command."""

    exit_code = 130
