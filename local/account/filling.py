"""`make secrets STACK=… REGION=…`: asks for the value of each secret of a deployed stack."""

from __future__ import annotations

import argparse

import boto3

from ..credentials import explained
from ..trouble import Interrupted
from . import preflight, secret_values


def run(options: argparse.Namespace) -> int:
    try:
        with explained():
            session = boto3.Session(region_name=options.region)
        preflight.sign_in(session)
        secret_values.ask(session, secret_values.facts(session, options.stack), every=True)
    except (KeyboardInterrupt, EOFError) as end:
        raise Interrupted("Stopped. The values that you entered before are stored.") from end
    return 0
