"""`make secrets STACK=… REGION=…`: asks for the value of each secret of a deployed stack."""

from __future__ import annotations

import argparse

from ..credentials import session
from ..trouble import Interrupted
from . import preflight, secret_values


def run(options: argparse.Namespace) -> int:
    try:
        signed_in = session(options.region)
        preflight.sign_in(signed_in)
        secret_values.ask(signed_in, secret_values.facts(signed_in, options.stack), every=True)
    except (KeyboardInterrupt, EOFError) as end:
        raise Interrupted("Stopped. The values that you entered before are stored.") from end
    return 0
