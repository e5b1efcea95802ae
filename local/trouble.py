"""The one exception of this package that is meant for a person: what happened, what to do, and where the log is."""


class Trouble(Exception):
    """One sentence, or two. Shown without a traceback."""
