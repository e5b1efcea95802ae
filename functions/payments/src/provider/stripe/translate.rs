//! What Stripe's objects and events mean here.

use super::payload::{
    Charge, Dispute, DisputeStatus, ErrorDetail, Event, EventObject, IntentStatus, Metadata, PaymentIntent,
    Refund, RefundStatus,
};
use super::units::{Inexact, from_stripe};
use super::version::shows_releases_as_refunds;
use crate::ledger::Settled;
use crate::provider::IntentId;
use crate::provider::{self, Capture, DisputeReport, Fact, IntentState, RefundReport, Report};
use events::{Currency, DisputeOutcome, RefundId};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// The types of events that mean something here. The endpoint at Stripe has to be subscribed to them.
pub(super) const MEANINGFUL: [&str; 14] = [
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refund.updated",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
];

impl PaymentIntent {
    /// What its status means.
    pub(super) fn state(&self) -> Result<IntentState, Inexact> {
        Ok(match self.status {
            IntentStatus::RequiresConfirmation => IntentState::Unconfirmed,
            IntentStatus::Processing => IntentState::UnderWay("processing"),
            IntentStatus::RequiresAction => IntentState::ActionRequired,
            // A declined method is removed, with the error. Without one, none was ever tried.
            IntentStatus::RequiresPaymentMethod => match &self.last_payment_error {
                Some(error) => IntentState::Declined(decline_code(Some(error))),
                None => IntentState::Unconfirmed,
            },
            IntentStatus::Succeeded => {
                let (Ok(intent), Some(currency), Some(received)) =
                    (intent_id(&self.id), currency(&self.currency), self.amount_received)
                else {
                    return Ok(IntentState::Unexpected(
                        "succeeded without an id, a currency or the received amount",
                    ));
                };
                // Only a part of `amount` may have been taken.
                let amount = from_stripe(received, currency)?;
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
            may_be_release: false,
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
    Refund {
        refund: Refund,
        may_be_release: bool,
    },
    Dispute {
        dispute: Dispute,
        inquiry: bool,
        outcome: DisputeOutcome,
    },
}

impl Reported {
    /// The fact in our units. `known` is the payment's currency. An error says what an operator has to settle.
    pub(crate) fn fact(&self, known: Option<Currency>) -> Result<Fact, String> {
        let Self(object) = self;
        Ok(match object {
            Object::Captured(intent) => match intent.state().map_err(|error| error.to_string())? {
                IntentState::Captured(capture) => Fact::Captured(capture),
                IntentState::Unexpected(why) => {
                    return Err(format!("the intent of the event is unexpected: {why}"));
                }
                _ => return Err("the intent of the event has not succeeded".to_owned()),
            },
            Object::Plain(fact) => fact.clone(),
            Object::Refund { refund, may_be_release } => {
                let report = refund.report(agreed(refund.currency.as_deref(), known)?)?;
                Fact::Refund(RefundReport { may_be_release: *may_be_release, ..report })
            }
            Object::Dispute { dispute, inquiry, outcome } => {
                let currency = agreed(dispute.currency.as_deref(), known)?;
                let due_by = dispute.evidence_details.due_by.filter(|_| *outcome == DisputeOutcome::Opened);
                Fact::Dispute(DisputeReport {
                    dispute_id: dispute.id.clone(),
                    outcome: *outcome,
                    amount: from_stripe(dispute.amount, currency).map_err(|error| error.to_string())?,
                    inquiry: *inquiry,
                    evidence_due_by: due_by.and_then(|seconds| Timestamp::from_second(seconds).ok()),
                })
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
    let may_be_release = shows_releases_as_refunds(event.api_version.as_deref());
    match event.kind.as_str() {
        "payment_intent.succeeded"
        | "payment_intent.payment_failed"
        | "payment_intent.requires_action"
        | "payment_intent.canceled" => of_intent(&event.kind, &read(body)?).map(Some),
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            of_refund(read(body)?, may_be_release)
        }
        "charge.refunded" => of_charge(read(body)?, may_be_release),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated"
        | "charge.dispute.closed" => of_dispute(&event.kind, read(body)?),
        _ => Ok(None),
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
    report(&intent.id, &intent.metadata, vec![fact])
}

/// A refund of a charge without an intent is not ours.
fn of_refund(refund: Refund, may_be_release: bool) -> Result<Option<Report>, String> {
    let Some(intent) = refund.payment_intent.clone() else { return Ok(None) };
    let metadata = refund.metadata.clone();
    report(&intent, &metadata, vec![Object::Refund { refund, may_be_release }]).map(Some)
}

/// Old API versions list the refunds of the charge. In newer ones each refund has a `refund.*` of its own, and the charge
/// reports only their sum.
fn of_charge(charge: Charge, may_be_release: bool) -> Result<Option<Report>, String> {
    let Some(intent) = charge.payment_intent else { return Ok(None) };
    let refunds: Vec<Object> =
        charge.refunds.data.into_iter().map(|refund| Object::Refund { refund, may_be_release }).collect();
    if refunds.is_empty() { Ok(None) } else { report(&intent, &charge.metadata, refunds).map(Some) }
}

/// A dispute usually carries no metadata of ours. Each of its events shows its status, so the type matters only if the bank took
/// money while the status still says that it inquires. A dispute of a charge without an intent is not ours.
fn of_dispute(kind: &str, dispute: Dispute) -> Result<Option<Report>, String> {
    let Some(intent) = dispute.payment_intent.clone().or_else(|| dispute.charge.clone()) else {
        return Ok(None);
    };
    let (inquiry, outcome) = match dispute.status {
        DisputeStatus::WarningNeedsResponse | DisputeStatus::WarningUnderReview => {
            (kind != "charge.dispute.funds_withdrawn", DisputeOutcome::Opened)
        }
        DisputeStatus::WarningClosed => (true, DisputeOutcome::Won),
        DisputeStatus::NeedsResponse | DisputeStatus::UnderReview => (false, DisputeOutcome::Opened),
        DisputeStatus::Won | DisputeStatus::ChargeRefunded => (false, DisputeOutcome::Won),
        DisputeStatus::Lost => (false, DisputeOutcome::Lost),
        DisputeStatus::Other => {
            return Err("the dispute has a status that is unknown here; settle it at the provider".to_owned());
        }
    };
    let metadata = dispute.metadata.clone();
    report(&intent, &metadata, vec![Object::Dispute { dispute, inquiry, outcome }]).map(Some)
}

fn report(intent: &str, metadata: &Metadata, objects: Vec<Object>) -> Result<Report, String> {
    let reported = |object| provider::Reported::Stripe(Reported(object));
    Ok(Report {
        intent: intent_id(intent)?,
        order_id: metadata.order_id.clone(),
        stack: metadata.stack.clone(),
        facts: objects.into_iter().map(reported).collect(),
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

/// Reads the object of an event. What it does not read may hold anything.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let event: EventObject<T> =
        json::from_slice(body).map_err(|error| format!("the event's object cannot be read: {error}"))?;
    Ok(event.data.object)
}

/// Stripe's code, short enough for an event of ours.
pub(super) fn bounded(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
mod tests;
