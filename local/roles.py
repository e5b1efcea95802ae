"""Which caller may send which request to the HTTP API: the first table of docs/access.md.

The functions enforce it (`Request::at_least`, `Request::to_change`). `tests/samples/roles.rs` sends each row of the table as
each caller. A route of the template that has no row here is an error, and so is a row without a route.
"""

from __future__ import annotations

from collections.abc import Iterable

from .trouble import Trouble

# Each may what those before it may.
CALLERS = ("customer", "viewer", "staff", "admin")
YES, OWN, NO = "yes", "own", "–"

# The least caller that may send it, about everyone's orders.
LEAST: dict[str, tuple[str, ...]] = {
    "customer": (
        "GET /products",
        "GET /products/{sku}",
    ),
    "viewer": (
        "GET /orders/{order_id}",
        "GET /orders/{order_id}/events",
        "GET /orders/{order_id}/payment",
        "GET /orders/{order_id}/explanation",
        "GET /orders?open=true",
        "POST /orders/search",
        "GET /shipments",
        "GET /shipments/{order_id}",
        "GET /stock/{sku}",
        "GET /webhooks/inbox",
        "GET /webhooks/inbox/{id}",
        "GET /webhook-endpoints",
        "GET /webhook-endpoints/{endpoint_id}",
        "GET /webhook-endpoints/{endpoint_id}/deliveries",
        "GET /health/ready",
    ),
    "staff": (
        "POST /orders/{order_id}/cancel",
        "POST /orders/{order_id}/refunds",
        "POST /orders/{order_id}/refunds/{refund_id}/retry",
        "POST /shipments/{order_id}/dispatch",
        "POST /shipments/{order_id}/tracking",
        "POST /shipments/{order_id}/release",
        "POST /shipments/{order_id}/stray",
        "POST /shipments/{order_id}/deliver",
        "POST /shipments/{order_id}/fail",
        "POST /shipments/{order_id}/return",
        "POST /shipments/{order_id}/void",
        "PUT /products",
        "PUT /products/{sku}",
        "DELETE /products/{sku}",
        "PUT /stock/{sku}",
        "POST /stock/{sku}/adjustments",
    ),
    "admin": (
        "POST /customers/{subject}/erase",
        "POST /operations/{command}",
        "POST /webhooks/inbox/{id}/replay",
        "POST /webhook-endpoints",
        "PATCH /webhook-endpoints/{endpoint_id}",
        "DELETE /webhook-endpoints/{endpoint_id}",
        "POST /webhook-endpoints/{endpoint_id}/secret",
        "POST /webhook-endpoints/{endpoint_id}/test",
        "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    ),
}
# What every caller may send about what is their own.
OF_ONES_OWN = (
    "POST /orders",
    "GET /orders",
    "POST /live/tickets",
    "GET /orders/{order_id}",
    "GET /orders/{order_id}/events",
    "GET /orders/{order_id}/payment",
    "POST /orders/{order_id}/cancel",
)


def table(signed_in: Iterable[str]) -> str:
    """The table, for the routes of the template that need a token."""
    rows = dict.fromkeys(OF_ONES_OWN, len(CALLERS))
    rows |= {route: CALLERS.index(least) for least, routes in LEAST.items() for route in routes}
    named, routes = {route.partition("?")[0] for route in rows}, set(signed_in)
    if different := sorted(named ^ routes):
        raise Trouble(f"local/roles.py and the template differ in {', '.join(different)}: say there who may send it.")
    lines = [f"| request | {' | '.join(CALLERS)} |", f"|---|{'---|' * len(CALLERS)}"]
    for route, least in rows.items():
        below = OWN if route in OF_ONES_OWN else NO
        lines.append(f"| `{route}` | {' | '.join([below] * least + [YES] * (len(CALLERS) - least))} |")
    return "\n".join(lines)
