"""What localstripe lacks of Stripe's payment intents, in the API version that calls are pinned to.

Intents with automatic payment methods, a method that is given with the confirmation, manual capture, `amount_received`, and
released money that is no refund. `tests/contract/stripe` holds it to the same contract as the provider in the tests' process.
"""

from __future__ import annotations

import time
from typing import Any

from localstripe.errors import UserError
from localstripe.resources import Charge, Event, PaymentIntent, Refund
from localstripe.server import api_extra
from localstripe.webhooks import schedule_webhook

API_VERSION = "2026-10-28.endive"
# How long a bank holds what the customer authorised, in seconds.
HELD_FOR = 7 * 24 * 3600
# What localstripe shows and this version does not publish.
UNPUBLISHED = {
    "payment_intent": {"charges", "invoice"},
    "charge": {"invoice"},
    "refund": {"date", "livemode"},
}


def extend() -> None:
    for cls in (PaymentIntent, Charge, Refund):
        _show_published(cls)
    Event.__init__ = _versioned(Event.__init__)  # type: ignore[method-assign]
    Event.pending_webhooks, Event.request = 1, None
    PaymentIntent._api_create = classmethod(_create(PaymentIntent._api_create.__func__))
    PaymentIntent._create_charge = _charged(PaymentIntent._create_charge)  # type: ignore[method-assign]
    PaymentIntent.amount_received = property(lambda intent: _captured(intent.latest_charge))
    PaymentIntent.amount_capturable = property(lambda intent: intent.amount if intent.status == "requires_capture" else 0)
    PaymentIntent.last_payment_error = property(_error(PaymentIntent.last_payment_error.fget))
    PaymentIntent.payment_method_types = ["card"]
    PaymentIntent.automatic_payment_methods = None
    PaymentIntent.payment_method_configuration_details = None
    PaymentIntent.cancellation_reason = None
    Charge._capture = _capture
    Charge.amount_captured = property(_captured)
    Charge.refunded = property(lambda charge: 0 < charge.amount_captured <= charge.amount_refunded)
    Charge.payment_method_details = property(_details)
    Refund.__init__ = _of_taken_money(Refund.__init__)  # type: ignore[method-assign]


def replace_routes(app: Any) -> None:
    """localstripe's routes hold the functions themselves, so replacing a method has no effect: the routes get these."""
    acts = {"confirm": _confirm, "cancel": _cancel, "capture": _api_capture}
    for act, function in acts.items():
        path = f"/v1/payment_intents/{{id}}/{act}"
        route = next(route for route in app.router.routes() if route.resource.canonical == path)
        route._handler = api_extra(function, path)


def _show_published(cls: Any) -> None:
    export, hidden = cls._export, UNPUBLISHED[cls.object]

    def published(self: Any, expand: list[str] | None = None) -> dict[str, Any]:
        # The last charge is always an object here, so there is nothing to expand.
        wanted = [path for path in expand or [] if path not in ("latest_charge", "data.latest_charge")]
        return {name: value for name, value in export(self, wanted).items() if name not in hidden}

    cls._export = published


def _versioned(init: Any) -> Any:
    def of_version(self: Any, *arguments: Any) -> None:
        init(self, *arguments)
        self.api_version = API_VERSION

    return of_version


def _create(create: Any) -> Any:
    def created(cls: Any, **asked: Any) -> Any:
        automatic = asked.pop("automatic_payment_methods", None)
        configuration = asked.pop("payment_method_configuration", None)
        if automatic is not None and "payment_method_types" in asked:
            raise UserError(400, "Name the methods, or leave them to the account.", {"param": "payment_method_types"})
        intent = create(cls, **asked)
        if automatic is not None and automatic.get("enabled") == "true":
            intent.automatic_payment_methods = {
                "enabled": True,
                "allow_redirects": automatic.get("allow_redirects", "always"),
            }
        if configuration is not None:
            intent.payment_method_configuration_details = {"id": configuration, "parent": None}
        return intent

    return created


def _confirm(id: str, payment_method: str | None = None, return_url: str | None = None, **unknown: Any) -> Any:
    if unknown:
        raise UserError(400, "Unexpected " + ", ".join(unknown))
    intent = PaymentIntent._api_retrieve(id)
    if intent.status not in ("requires_confirmation", "requires_payment_method"):
        raise _unexpected_state()
    automatic = intent.automatic_payment_methods
    given = payment_method or (intent.payment_method if intent.status == "requires_confirmation" else None)
    if given is None:
        raise _unexpected_state()
    if automatic and automatic["allow_redirects"] == "always" and return_url is None:
        raise UserError(400, "A method may redirect: give a return_url.", {"param": "return_url"})
    intent.payment_method = given
    # The charge of an earlier try would decide what the status is.
    intent.latest_charge = None
    intent._confirm(on_failure_now=intent._report_failure)
    return intent


def _charged(create_charge: Any) -> Any:
    def charged(self: Any, on_failure_now: Any) -> None:
        create_charge(self, on_failure_now)
        if self.status == "requires_capture":
            self.latest_charge._capture_before = int(time.time()) + HELD_FOR
            schedule_webhook(Event("payment_intent.amount_capturable_updated", self))

    return charged


def _api_capture(id: str, amount_to_capture: str | None = None, **unknown: Any) -> Any:
    if unknown:
        raise UserError(400, "Unexpected " + ", ".join(unknown))
    intent = PaymentIntent._api_retrieve(id)
    if intent.status != "requires_capture":
        raise _unexpected_state()
    amount = intent.amount if amount_to_capture is None else int(amount_to_capture)
    if amount <= 0:
        raise UserError(400, "Nothing to capture.", {"code": "parameter_invalid_integer", "param": "amount_to_capture"})
    if amount > intent.amount:
        raise UserError(400, "More than is authorised.", {"code": "amount_too_large", "param": "amount_to_capture"})
    intent.latest_charge._capture(amount=amount, on_success=intent._on_success)
    return intent


def _capture(charge: Any, amount: int | None = None, on_success: Any = None) -> None:
    """Takes a part. The rest is released, and is no refund."""
    charge.captured = True
    charge._amount_captured = charge.amount if amount is None else int(amount)
    charge._capture_before = None
    charge._trigger_payment(on_success)


def _cancel(id: str, cancellation_reason: str | None = None, **unknown: Any) -> Any:
    intent = PaymentIntent._api_retrieve(id)
    if unknown:
        raise UserError(400, "Unexpected " + ", ".join(unknown))
    if intent.status in ("succeeded", "canceled", "processing"):
        raise _unexpected_state()
    PaymentIntent._api_cancel(id)
    intent.cancellation_reason = cancellation_reason
    if intent.latest_charge is not None:
        intent.latest_charge._capture_before = None
    schedule_webhook(Event("payment_intent.canceled", intent))
    return intent


def _captured(charge: Any) -> int:
    if charge is None or charge.status != "succeeded" or not charge.captured:
        return 0
    return getattr(charge, "_amount_captured", charge.amount)


def _details(charge: Any) -> dict[str, Any]:
    card: dict[str, Any] = {"brand": "visa"}
    if getattr(charge, "_capture_before", None) is not None:
        card["capture_before"] = charge._capture_before
    return {"type": "card", "card": card}


def _error(of_intent: Any) -> Any:
    def error(intent: Any) -> dict[str, Any] | None:
        found = of_intent(intent)
        return None if found is None else {"type": "card_error", **found}

    return error


def _of_taken_money(init: Any) -> Any:
    def refund(self: Any, **asked: Any) -> None:
        if (id := asked.get("payment_intent")) is not None:
            intent = PaymentIntent._api_retrieve(id)
            if intent.amount_received == 0:
                raise UserError(400, "No money was taken.", {"code": "payment_intent_unexpected_state"})
        init(self, **asked)

    return refund


def _unexpected_state() -> UserError:
    return UserError(400, "The intent's state does not allow it.", {"code": "payment_intent_unexpected_state"})
