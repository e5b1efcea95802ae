"""How a resource of the template is called outside of it."""

from __future__ import annotations

import re

# The alias of every function, which its callers name: queues, streams, schedules, the API, and `make`.
ALIAS = "live"


def kebab(resource: str) -> str:
    """`TakePayment` becomes `take-payment`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", resource).lower()
