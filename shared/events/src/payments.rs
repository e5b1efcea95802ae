//! What payments says: money asked for, taken, given back, disputed.

use crate::service_event::service_events;
use crate::{Amount, Currency, Customer, Line, RefundId, Service};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The provider holds an unconfirmed intent for the order; the message of this event confirms it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRequested {
    /// The provider's intent, the only one that can pay this order.
    pub intent_id: String,
    /// What is to be paid, in minor units.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// What is bought, for those who come after.
    pub lines: Vec<Line>,
    /// Who pays.
    pub customer: Customer,
    /// No confirmation is begun after this moment.
    pub pay_by: Timestamp,
}

/// The customer's bank asks for a further step (3-D Secure). The secret for it is never in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentActionRequired {
    /// The intent that waits.
    pub intent_id: String,
}

/// The money is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPaid {
    /// The intent that paid.
    pub intent_id: String,
    /// What was captured, in minor units.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// What was bought.
    pub lines: Vec<Line>,
    /// For money that came elsewhere: what its sender calls this payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The payment ended without money, by the bank's or the provider's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// The provider's decline code, for example `card_declined`.
    pub code: String,
}

/// Why an open payment is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelCause {
    /// The bank said no.
    Declined,
    /// The order was cancelled.
    Cancelled,
    /// It was not paid in time.
    Expired,
}

/// An open payment is to be ended at the provider; the message of this event does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCancellationRequested {
    /// Why.
    pub cause: CancelCause,
    /// The decline code, for a decline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The provider reports the intent as cancelled, or there never was one (a tombstone).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCancelled {
    /// Why.
    pub cause: CancelCause,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// A line could not be had.
    OutOfStock,
    /// It could not be shipped.
    ShippingFailed,
    /// The order was cancelled.
    Cancelled,
    /// The money came after the payment had been ended.
    LateCapture,
    /// The goods came back.
    Returned,
    /// The shop's own decision.
    Goodwill,
    /// Made at the provider, outside of Conveyor, and recorded here.
    Foreign,
}

/// A refund is admitted by the ledger; the message of this event makes it at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequested {
    /// Unique within the order; the provider keeps it as `metadata.refund_id`.
    pub refund_id: RefundId,
    /// Why.
    pub cause: RefundCause,
    /// How much, in minor units. Nothing is a valid amount: a later failure of another refund then knows what is due.
    pub amount: Amount,
    /// For a late capture: what turned out to be captured, which raises the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Amount>,
    /// For a late capture elsewhere: what its sender calls the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The failed refund that this one stands in for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<RefundId>,
    /// For goodwill: why, in the words of whoever asked. For the shop's own eyes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The provider reports the refund as succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRefunded {
    /// Which refund.
    pub refund_id: RefundId,
    /// The provider's own id, where one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_refund_id: Option<String>,
    /// How much, in minor units.
    pub amount: Amount,
}

/// The provider refused the refund, or reported it as failed afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFailed {
    /// Which refund.
    pub refund_id: RefundId,
    /// How much was to go back.
    pub amount: Amount,
    /// The provider's reason.
    pub code: String,
    /// It was refused, so nothing was made. Should one turn up nevertheless, it was made by a call that was thought
    /// dead, and `PaymentRefunded` follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// It is asked for again by itself, after a while: nobody has to act yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeOutcome {
    /// The bank holds the amount.
    Opened,
    /// The amount is free again.
    Won,
    /// The amount is charged back.
    Lost,
}

/// The customer's bank disputes the payment, or has decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDisputed {
    /// The provider's dispute.
    pub dispute_id: String,
    /// Where it stands.
    pub outcome: DisputeOutcome,
    /// The amount in question, in minor units.
    pub amount: Amount,
}

service_events! {
    /// The events of payments.
    PaymentsEvent of Service::Payments;
    PaymentRequested = 1,
    PaymentActionRequired = 1,
    OrderPaid = 1,
    PaymentFailed = 1,
    PaymentCancellationRequested = 1,
    PaymentCancelled = 1,
    RefundRequested = 1,
    PaymentRefunded = 1,
    RefundFailed = 1,
    PaymentDisputed = 1,
}
