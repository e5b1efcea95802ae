//! What any payment provider may be asked for and may report, in our own words.
//!
//! Each provider is a module below this one, and translates to these types at its edge. To add one: a module, a variant of
//! [`IntentId`] and of [`Provider`], its source in [`SOURCES`] and [`parse`]; the compiler names the matches that are missing.

mod intent;
pub(crate) mod offline;
pub(crate) mod stripe;

pub(crate) use intent::IntentId;

use crate::ledger::Settled;
use events::{Amount, Currency, DisputeOutcome, EventId, OrderId, RefundId, offline_sender};
use jiff::Timestamp;
use resilience::Failure;
use std::time::Duration;
use webhooks::inbox::reader::Webhook;

/// Who takes the money of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider<'a> {
    /// Stripe, by card.
    Stripe,
    /// Another system, which reports the money by webhook.
    Offline {
        /// Its name.
        sender: &'a str,
    },
}

impl<'a> Provider<'a> {
    /// The provider of an order with this payment method.
    pub(crate) fn of(payment_method: &'a str) -> Self {
        match offline_sender(payment_method) {
            Some(sender) => Self::Offline { sender },
            None => Self::Stripe,
        }
    }
}

/// The sources of the inbox. Items parked by versions that knew one source only are Stripe's, so it is the first.
pub(crate) const SOURCES: &[&str] = &[stripe::SOURCE, offline::SOURCE];

/// Parses a webhook; `None` if it changes nothing here. Reject: its body is not of its shape.
pub(crate) fn parse(webhook: &Webhook<'_>) -> Result<Option<Report>, Failure> {
    let report = match webhook.source {
        stripe::SOURCE => stripe::parse(webhook.body),
        offline::SOURCE => offline::parse(&webhook.item.event_id, webhook.body),
        other => Err(format!("no provider reports as {other}")),
    };
    report.map_err(Failure::reject)
}

/// What a webhook reports about an intent.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// The intent.
    pub intent: IntentId,
    /// The order, if the provider's object names one. It is an order of ours only if the stack is ours.
    pub order_id: Option<String>,
    /// The stack, if the provider's object names one.
    pub stack: Option<String>,
    /// What happened: usually one thing.
    pub facts: Vec<Reported>,
}

/// What a webhook reports, in its provider's units.
#[derive(Debug, Clone)]
pub(crate) enum Reported {
    /// An object of Stripe.
    Stripe(stripe::Reported),
    /// An offline sender reports in our units.
    Offline(Fact),
}

impl Reported {
    /// What happened, in our units. `currency` is the payment's, if it is known: Stripe may report an amount without one. Reject:
    /// the amount is in another currency, or not a whole number of minor units; an operator has to settle it.
    pub(crate) fn fact(&self, currency: Option<Currency>) -> Result<Fact, Failure> {
        match self {
            Self::Stripe(reported) => reported.fact(currency).map_err(Failure::reject),
            Self::Offline(fact) => Ok(fact.clone()),
        }
    }
}

/// What happened at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Money was taken.
    Captured(Capture),
    /// The bank waits for the customer.
    ActionRequired,
    /// The bank declined, with this code.
    Declined(String),
    /// The intent was ended.
    Cancelled,
    /// The state of a refund.
    Refund(RefundReport),
    /// A refund that a person paid. It is reported once, and may name no refund of ours.
    ManualRefund(RefundReport),
    /// The state of a dispute or of an inquiry.
    Dispute(DisputeReport),
}

/// The state of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IntentState {
    /// Nothing happened yet: it may be confirmed.
    Unconfirmed,
    /// It is being processed, and leaves this state by itself.
    UnderWay(&'static str),
    /// The bank waits for the customer.
    ActionRequired,
    /// The bank declined, with this code.
    Declined(String),
    /// The money is taken.
    Captured(Capture),
    /// It was ended.
    Cancelled,
    /// A state that no intent of ours can have.
    Unexpected(&'static str),
}

/// Money that a provider has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capture {
    /// The intent that took it.
    pub intent: IntentId,
    /// How much, in minor units.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
    /// The sender's name of this payment, for an offline one. An intent at Stripe is one payment and needs none.
    pub reference: Option<String>,
}

/// The state of a refund at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundReport {
    /// The provider's id of it.
    pub provider_id: String,
    /// Our id, if the provider holds one.
    pub refund_id: Option<RefundId>,
    /// How much, in minor units.
    pub amount: Amount,
    /// Its state there.
    pub settled: Settled,
    /// Why it failed, if it did.
    pub code: String,
    /// Whether it may be money that was authorised and is released, instead of money that was taken and is refunded.
    pub may_be_release: bool,
}

/// The state of a dispute, or of an inquiry, at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisputeReport {
    /// The provider's id of it.
    pub dispute_id: String,
    /// Its state.
    pub outcome: DisputeOutcome,
    /// The disputed amount, in minor units.
    pub amount: Amount,
    /// It is only an inquiry: the bank holds nothing.
    pub inquiry: bool,
    /// When the bank wants the evidence by.
    pub evidence_due_by: Option<Timestamp>,
}

/// An intent to create: unconfirmed, so that no money moves and an orphan is harmless.
pub(crate) struct NewIntent<'a> {
    pub order: &'a OrderId,
    pub stack: &'a str,
    pub amount: Amount,
    pub currency: Currency,
    /// The method that will be confirmed; `None` if the customer's browser chooses one and confirms.
    pub payment_method: Option<&'a str>,
}

/// A refund to create, of a part of what an intent took.
pub(crate) struct NewRefund<'a> {
    pub order: &'a OrderId,
    pub stack: &'a str,
    pub intent_id: &'a str,
    pub refund_id: &'a RefundId,
    pub amount: Amount,
    pub currency: Currency,
}

/// What makes a repeated call the same call: the event that requested it, and the attempt.
///
/// The stack's name is part of it, because several stacks may share an account and its keys.
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    pub(crate) fn of(stack: &str, event: &EventId, attempt: u32) -> Self {
        Self(format!("{stack}/{event}/{attempt}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a call to a provider did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderError {
    /// The bank declined.
    #[error("the bank declined: {code}")]
    Declined { code: String },
    /// The provider refused the call, and would refuse it again.
    #[error("the provider refused the call with {status}: {code}")]
    Refused {
        status: u16,
        code: String,
        /// Whether the reason is what the customer chose: the payment method, the amount or the currency.
        is_customers_choice: bool,
    },
    /// The provider reports an amount that we cannot record exactly. An operator has to settle it.
    #[error("{0}")]
    InexactAmount(String),
    /// It is unknown whether the call had an effect.
    #[error("the provider gave no clear answer: {0}")]
    Unclear(String),
    /// The provider repeats the failure of an earlier call under this key, and will as long as it keeps the key. That
    /// call has ended; its effect is unknown.
    #[error("the provider repeats its {status}: the idempotency key is spent")]
    KeySpent { status: u16 },
    /// The API key is not of this stack, so no call was made with it. An operator has to set the right one.
    #[error("{0}")]
    WrongKey(String),
    /// The provider is out and was not called: nothing happened, there is no state to ask for, and the key can be reused.
    #[error("the provider is out, and is called again in {} s", after.as_secs())]
    Paused { after: Duration },
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Paused { after } => Self::retry_after(error, after),
            ProviderError::Unclear(_) | ProviderError::KeySpent { .. } | ProviderError::WrongKey(_) => {
                Self::retry(error)
            }
            ProviderError::Declined { .. }
            | ProviderError::Refused { .. }
            | ProviderError::InexactAmount(_) => Self::reject(error),
        }
    }
}
