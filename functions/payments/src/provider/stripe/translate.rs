//! What Stripe's objects and events mean here.

use super::payload::{
    Dispute, DisputeStatus, ErrorDetail, Event, IntentStatus, Metadata, PaymentIntent, Refund, RefundStatus,
};
use super::units::{Inexact, from_stripe};
use crate::ledger::Settled;
use crate::provider::IntentId;
use crate::provider::{self, Capture, DisputeReport, Fact, IntentState, RefundReport, Report};
use events::{Currency, DisputeOutcome, RefundId};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The types of events that mean something here. The endpoint at Stripe has to be subscribed to them.
pub(super) const MEANINGFUL: [&str; 10] = [
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.closed",
];

impl PaymentIntent {
    /// What its status means.
    pub(super) fn state(&self) -> Result<IntentState, Inexact> {
        Ok(match self.status {
            IntentStatus::RequiresConfirmation => IntentState::Unconfirmed,
            IntentStatus::Processing => IntentState::UnderWay("processing"),
            IntentStatus::RequiresAction => IntentState::ActionRequired,
            // The payment method was attached at creation; Stripe removes it only after the bank declined it.
            IntentStatus::RequiresPaymentMethod => {
                IntentState::Declined(decline_code(self.last_payment_error.as_ref()))
            }
            IntentStatus::Succeeded => {
                let (Ok(intent), Some(currency)) = (intent_id(&self.id), currency(&self.currency)) else {
                    return Ok(IntentState::Unexpected("succeeded without an id or a currency"));
                };
                let amount = from_stripe(self.amount_received.unwrap_or(self.amount), currency)?;
                IntentState::Captured(Capture { intent, amount, currency, reference: None })
            }
            IntentStatus::Canceled => IntentState::Cancelled,
            IntentStatus::RequiresCapture => {
                IntentState::Unexpected("requires_capture, which we never request")
            }
            IntentStatus::Other => IntentState::UnderWay("in an unknown state"),
        })
    }
}

impl Refund {
    /// What its status means, for a payment in this currency.
    pub(super) fn report(&self, currency: Currency) -> Result<RefundReport, String> {
        let currency = agreed(self.currency.as_deref(), Some(currency))?;
        Ok(RefundReport {
            provider_id: self.id.clone(),
            refund_id: self.metadata.refund_id.as_deref().and_then(|id| RefundId::try_from(id).ok()),
            amount: from_stripe(self.amount, currency).map_err(|error| error.to_string())?,
            settled: match self.status {
                Some(RefundStatus::Succeeded) => Settled::Refunded,
                Some(RefundStatus::Failed | RefundStatus::Canceled) => Settled::Failed,
                Some(RefundStatus::Pending | RefundStatus::RequiresAction | RefundStatus::Other) | None => {
                    Settled::Open
                }
            },
            code: bounded(self.failure_reason.as_deref().unwrap_or("refund_failed")),
        })
    }
}

/// What an event reports, in Stripe's units.
#[derive(Debug, Clone)]
pub(crate) struct Reported(Object);

#[derive(Debug, Clone)]
enum Object {
    /// An intent that has succeeded.
    Captured(PaymentIntent),
    /// A fact without an amount.
    Plain(Fact),
    Refund(Refund),
    Dispute(Dispute, DisputeOutcome),
}

impl Reported {
    /// The fact in our units. `known` is the payment's currency. An error says what an operator has to settle.
    pub(crate) fn fact(&self, known: Option<Currency>) -> Result<Fact, String> {
        let Self(object) = self;
        Ok(match object {
            Object::Captured(intent) => match intent.state().map_err(|error| error.to_string())? {
                IntentState::Captured(capture) => Fact::Captured(capture),
                _ => return Err("the intent of the event has not succeeded".to_owned()),
            },
            Object::Plain(fact) => fact.clone(),
            Object::Refund(refund) => {
                Fact::Refund(refund.report(agreed(refund.currency.as_deref(), known)?)?)
            }
            Object::Dispute(dispute, outcome) => {
                let currency = agreed(dispute.currency.as_deref(), known)?;
                let amount = from_stripe(dispute.amount, currency).map_err(|error| error.to_string())?;
                Fact::Dispute(DisputeReport { dispute_id: dispute.id.clone(), outcome: *outcome, amount })
            }
        })
    }
}

/// The currency of an amount: that of the object, and that of the payment. A trimmed object has none, and a payment that never began
/// has none.
fn agreed(reported: Option<&str>, known: Option<Currency>) -> Result<Currency, String> {
    match (reported.map(currency), known) {
        (Some(None), _) => Err("an amount has no ISO 4217 currency; check it at Stripe".to_owned()),
        (Some(Some(reported)), Some(known)) if reported != known => {
            Err(format!("an amount is in {reported}, and the payment in {known}; check it at Stripe"))
        }
        (Some(Some(currency)), _) | (None, Some(currency)) => Ok(currency),
        (None, None) => {
            Err("an amount has no currency, and the payment has none; check it at Stripe".to_owned())
        }
    }
}

fn currency(code: &str) -> Option<Currency> {
    Currency::try_from(code.to_ascii_uppercase()).ok()
}

/// Parses the body of an event; `None` if it changes nothing here. An error says what is wrong, without values.
pub(crate) fn parse(body: &[u8]) -> Result<Option<Report>, String> {
    let event: Event =
        json::from_slice(body).map_err(|error| format!("the webhook is not a Stripe event: {error}"))?;
    event.report()
}

impl Event {
    /// What it reports; `None` if it changes nothing here. An error says what is wrong, without values.
    pub(super) fn report(&self) -> Result<Option<Report>, String> {
        let object = &self.data.object;
        match self.kind.as_str() {
            "payment_intent.succeeded"
            | "payment_intent.payment_failed"
            | "payment_intent.requires_action"
            | "payment_intent.canceled" => of_intent(&self.kind, &read(object)?).map(Some),
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                of_refund(&read(object)?)
            }
            "charge.dispute.created" | "charge.dispute.closed" => of_dispute(&read(object)?),
            // Others are ignored. `charge.refunded` is one of them: it reports a sum, and each of its refunds is reported by
            // a `refund.*` of its own.
            _ => Ok(None),
        }
    }
}

/// The event's type decides which fact it is: the object is a snapshot, and may have changed since.
fn of_intent(kind: &str, intent: &PaymentIntent) -> Result<Report, String> {
    let fact = match kind {
        "payment_intent.succeeded" => {
            if intent.status != IntentStatus::Succeeded || currency(&intent.currency).is_none() {
                return Err("the intent of the event has not succeeded".to_owned());
            }
            Object::Captured(intent.clone())
        }
        "payment_intent.payment_failed" => {
            Object::Plain(Fact::Declined(decline_code(intent.last_payment_error.as_ref())))
        }
        "payment_intent.requires_action" => Object::Plain(Fact::ActionRequired),
        _ => Object::Plain(Fact::Cancelled),
    };
    report(&intent.id, &intent.metadata, fact)
}

/// A refund of a charge without an intent is not ours.
fn of_refund(refund: &Refund) -> Result<Option<Report>, String> {
    let Some(intent) = refund.payment_intent.as_deref() else { return Ok(None) };
    report(intent, &refund.metadata, Object::Refund(refund.clone())).map(Some)
}

/// A dispute carries no metadata of ours. Inquiries (`warning_…`) hold no money and are left to the dashboard.
fn of_dispute(dispute: &Dispute) -> Result<Option<Report>, String> {
    let outcome = match dispute.status {
        DisputeStatus::NeedsResponse | DisputeStatus::UnderReview => DisputeOutcome::Opened,
        DisputeStatus::Won => DisputeOutcome::Won,
        DisputeStatus::Lost => DisputeOutcome::Lost,
        DisputeStatus::WarningNeedsResponse
        | DisputeStatus::WarningUnderReview
        | DisputeStatus::WarningClosed
        | DisputeStatus::Other => return Ok(None),
    };
    let Some(intent) = dispute.payment_intent.as_deref() else { return Ok(None) };
    report(intent, &Metadata::default(), Object::Dispute(dispute.clone(), outcome)).map(Some)
}

fn report(intent: &str, metadata: &Metadata, object: Object) -> Result<Report, String> {
    Ok(Report {
        intent: intent_id(intent)?,
        order_id: metadata.order_id.clone(),
        stack: metadata.stack.clone(),
        fact: provider::Reported::Stripe(Reported(object)),
    })
}

/// The id of an intent, as Stripe sends it.
pub(super) fn intent_id(text: &str) -> Result<IntentId, String> {
    if super::is_intent_id(text) {
        Ok(IntentId::Stripe(text.to_owned()))
    } else {
        Err("the object names no payment intent".to_owned())
    }
}

fn decline_code(error: Option<&ErrorDetail>) -> String {
    let code = error.and_then(|error| error.decline_code.as_deref().or(error.code.as_deref()));
    bounded(code.unwrap_or("card_declined"))
}

fn read<T: DeserializeOwned>(object: &Value) -> Result<T, String> {
    json::read(object).map_err(|error| format!("the event's object cannot be read: {error}"))
}

/// Stripe's code, short enough for an event of ours.
pub(super) fn bounded(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(64).collect()
}
