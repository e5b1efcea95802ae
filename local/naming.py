"""How a resource of the template is called outside of it."""

from __future__ import annotations

import re


def kebab(resource: str) -> str:
    """`TakePayment` becomes `take-payment`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", resource).lower()
