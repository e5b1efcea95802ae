"""The one exception of this package that is written for the person at the keyboard: what happened and what to do."""


class Trouble(Exception):
    """One or two sentences. Printed without a traceback."""
