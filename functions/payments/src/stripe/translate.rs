//! What Stripe's objects and events mean here.

use super::payload::{
    Dispute, DisputeStatus, Event, IntentStatus, Metadata, PaymentIntent, ProviderError, Refund, RefundStatus,
};
use crate::ledger::Settled;
use crate::payment::{Capture, DisputeReport, RefundReport};
use events::{Amount, Currency, DisputeOutcome, RefundId};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The types of events that mean something here: those that the endpoint at Stripe is to be subscribed to.
pub(crate) const MEANINGFUL: [&str; 10] = [
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

/// What an intent's state means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IntentNews {
    /// Nothing happened yet: it may be confirmed.
    Unconfirmed,
    /// It is on its way, in a state that ends by itself.
    UnderWay(&'static str),
    /// The bank waits for the customer.
    ActionRequired,
    /// The bank said no.
    Declined(String),
    /// The money is taken.
    Captured(Capture),
    /// It was ended.
    Cancelled,
    /// A state that no intent of ours can be in.
    Strange(&'static str),
}

/// A webhook as a fact about an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// What the fact is about.
    pub about: About,
    /// The fact.
    pub fact: Fact,
}

/// Which intent, and which order if the object says so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub intent_id: String,
    pub order_id: Option<String>,
    pub stack: Option<String>,
}

/// What a webhook tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    Captured(Capture),
    ActionRequired,
    Declined(String),
    Cancelled,
    Refund(RefundReport),
    /// A refund that was made by hand, elsewhere than at Stripe.
    GivenBack(RefundReport),
    Dispute(DisputeReport),
}

impl PaymentIntent {
    /// What its state means.
    pub(crate) fn news(&self) -> IntentNews {
        match self.status {
            IntentStatus::RequiresConfirmation => IntentNews::Unconfirmed,
            IntentStatus::Processing => IntentNews::UnderWay("processing"),
            IntentStatus::RequiresAction => IntentNews::ActionRequired,
            // The payment method was attached at the start; it is gone only after the bank refused it.
            IntentStatus::RequiresPaymentMethod => {
                IntentNews::Declined(decline_code(self.last_payment_error.as_ref()))
            }
            IntentStatus::Succeeded => match Currency::try_from(self.currency.to_ascii_uppercase()) {
                Ok(currency) => IntentNews::Captured(Capture {
                    intent_id: self.id.clone(),
                    amount: Amount::minor(self.amount_received.unwrap_or(self.amount)),
                    currency,
                    reference: None,
                }),
                Err(_) => IntentNews::Strange("succeeded without a currency"),
            },
            IntentStatus::Canceled => IntentNews::Cancelled,
            IntentStatus::RequiresCapture => {
                IntentNews::Strange("requires_capture, and we never ask for that")
            }
            IntentStatus::Other => IntentNews::UnderWay("in a state that is not known here"),
        }
    }
}

impl Refund {
    /// What it says.
    pub(crate) fn report(&self) -> RefundReport {
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

impl Event {
    /// The fact it tells; `None` for what changes nothing here. An error names what is wrong, without values.
    pub(crate) fn news(&self) -> Result<Option<News>, String> {
        let object = &self.data.object;
        match self.kind.as_str() {
            "payment_intent.succeeded"
            | "payment_intent.payment_failed"
            | "payment_intent.requires_action"
            | "payment_intent.canceled" => intent_news(&self.kind, &read(object)?),
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                Ok(refund_news(&read(object)?))
            }
            "charge.dispute.created" | "charge.dispute.closed" => Ok(dispute_news(&read(object)?)),
            // Others are acknowledged. `charge.refunded` is one of them: it tells a sum, and its refunds come as
            // `refund.*` each by itself.
            _ => Ok(None),
        }
    }
}

/// The event's type says which fact it is; the object is as it was then, and may have moved on since.
fn intent_news(kind: &str, intent: &PaymentIntent) -> Result<Option<News>, String> {
    let fact = match (kind, intent.news()) {
        ("payment_intent.succeeded", IntentNews::Captured(capture)) => Fact::Captured(capture),
        ("payment_intent.succeeded", _) => {
            return Err("an intent that succeeded does not say so itself".to_owned());
        }
        ("payment_intent.payment_failed", _) => {
            Fact::Declined(decline_code(intent.last_payment_error.as_ref()))
        }
        ("payment_intent.requires_action", _) => Fact::ActionRequired,
        _ => Fact::Cancelled,
    };
    Ok(Some(News { about: about(&intent.id, &intent.metadata), fact }))
}

/// A refund of a charge without an intent is none of ours.
fn refund_news(refund: &Refund) -> Option<News> {
    let intent_id = refund.payment_intent.as_deref()?;
    Some(News { about: about(intent_id, &refund.metadata), fact: Fact::Refund(refund.report()) })
}

/// A dispute carries no metadata of ours. Inquiries (`warning_…`) hold no money and are left to the dashboard.
fn dispute_news(dispute: &Dispute) -> Option<News> {
    let outcome = match dispute.status {
        DisputeStatus::NeedsResponse | DisputeStatus::UnderReview => DisputeOutcome::Opened,
        DisputeStatus::Won => DisputeOutcome::Won,
        DisputeStatus::Lost => DisputeOutcome::Lost,
        DisputeStatus::WarningNeedsResponse
        | DisputeStatus::WarningUnderReview
        | DisputeStatus::WarningClosed
        | DisputeStatus::Other => return None,
    };
    let report =
        DisputeReport { dispute_id: dispute.id.clone(), outcome, amount: Amount::minor(dispute.amount) };
    let about = about(dispute.payment_intent.as_deref()?, &Metadata::default());
    Some(News { about, fact: Fact::Dispute(report) })
}

fn about(intent_id: &str, metadata: &Metadata) -> About {
    About {
        intent_id: intent_id.to_owned(),
        order_id: metadata.order_id.clone(),
        stack: metadata.stack.clone(),
    }
}

fn decline_code(error: Option<&ProviderError>) -> String {
    let code = error.and_then(|error| error.decline_code.as_deref().or(error.code.as_deref()));
    bounded(code.unwrap_or("card_declined"))
}

fn read<T: DeserializeOwned>(object: &Value) -> Result<T, String> {
    json::read(object).map_err(|error| format!("the event's object cannot be read: {error}"))
}

/// A provider's code, as an event of ours may hold it.
pub(crate) fn bounded(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(64).collect()
}
