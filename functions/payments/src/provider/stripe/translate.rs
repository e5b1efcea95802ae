//! What Stripe's objects and events mean here.

use super::payload::{
    Dispute, DisputeStatus, ErrorDetail, Event, IntentStatus, Metadata, PaymentIntent, Refund, RefundStatus,
};
use crate::ledger::Settled;
use crate::provider::IntentId;
use crate::provider::{Capture, DisputeReport, Fact, IntentState, RefundReport, Report};
use events::{Amount, Currency, DisputeOutcome, RefundId};
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
    pub(super) fn state(&self) -> IntentState {
        match self.status {
            IntentStatus::RequiresConfirmation => IntentState::Unconfirmed,
            IntentStatus::Processing => IntentState::UnderWay("processing"),
            IntentStatus::RequiresAction => IntentState::ActionRequired,
            // The payment method was attached at creation; Stripe removes it only after the bank declined it.
            IntentStatus::RequiresPaymentMethod => {
                IntentState::Declined(decline_code(self.last_payment_error.as_ref()))
            }
            IntentStatus::Succeeded => {
                let currency = Currency::try_from(self.currency.to_ascii_uppercase());
                let (Ok(intent), Ok(currency)) = (intent_id(&self.id), currency) else {
                    return IntentState::Unexpected("succeeded without an id or a currency");
                };
                IntentState::Captured(Capture {
                    intent,
                    amount: Amount::minor(self.amount_received.unwrap_or(self.amount)),
                    currency,
                    reference: None,
                })
            }
            IntentStatus::Canceled => IntentState::Cancelled,
            IntentStatus::RequiresCapture => {
                IntentState::Unexpected("requires_capture, which we never request")
            }
            IntentStatus::Other => IntentState::UnderWay("in an unknown state"),
        }
    }
}

impl Refund {
    /// What its status means.
    pub(super) fn report(&self) -> RefundReport {
        RefundReport {
            provider_id: self.id.clone(),
            refund_id: self.metadata.refund_id.as_deref().and_then(|id| RefundId::try_from(id).ok()),
            amount: Amount::minor(self.amount),
            settled: match self.status {
                Some(RefundStatus::Succeeded) => Settled::Refunded,
                Some(RefundStatus::Failed | RefundStatus::Canceled) => Settled::Failed,
                Some(RefundStatus::Pending | RefundStatus::RequiresAction | RefundStatus::Other) | None => {
                    Settled::Open
                }
            },
            code: bounded(self.failure_reason.as_deref().unwrap_or("refund_failed")),
        }
    }
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
    let fact = match (kind, intent.state()) {
        ("payment_intent.succeeded", IntentState::Captured(capture)) => Fact::Captured(capture),
        ("payment_intent.succeeded", _) => {
            return Err("the intent of the event has not succeeded".to_owned());
        }
        ("payment_intent.payment_failed", _) => {
            Fact::Declined(decline_code(intent.last_payment_error.as_ref()))
        }
        ("payment_intent.requires_action", _) => Fact::ActionRequired,
        _ => Fact::Cancelled,
    };
    report(&intent.id, &intent.metadata, fact)
}

/// A refund of a charge without an intent is not ours.
fn of_refund(refund: &Refund) -> Result<Option<Report>, String> {
    let Some(intent) = refund.payment_intent.as_deref() else { return Ok(None) };
    report(intent, &refund.metadata, Fact::Refund(refund.report())).map(Some)
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
    let amount = Amount::minor(dispute.amount);
    let fact = Fact::Dispute(DisputeReport { dispute_id: dispute.id.clone(), outcome, amount });
    report(intent, &Metadata::default(), fact).map(Some)
}

fn report(intent: &str, metadata: &Metadata, fact: Fact) -> Result<Report, String> {
    Ok(Report {
        intent: intent_id(intent)?,
        order_id: metadata.order_id.clone(),
        stack: metadata.stack.clone(),
        fact,
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
