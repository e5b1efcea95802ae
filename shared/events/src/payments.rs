//! The events of payments: requested, taken, failed or cancelled payments, refunds and disputes.
//!
//! `take-payment` emits them when it handles a message, `apply-stripe-event` when a provider's webhook reports them.
//! Of a fact that both learn, only one is written. `request-refund` emits `RefundRequested` too.

use crate::service_event::service_events;
use crate::{Amount, Currency, Customer, Line, PaymentDataErased, RefundId, Service};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The provider holds an unconfirmed payment intent for the order. `take-payment` consumes this event to confirm it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRequested {
    /// The provider's intent, the only one that can pay this order. `elsewhere:<sender>:<order id>` for an offline
    /// payment, which has no intent at the provider.
    pub intent_id: String,
    /// The amount to pay, in minor units.
    pub amount: Amount,
    /// The amount's currency.
    pub currency: Currency,
    /// The ordered goods; inventory and shipping get them from `OrderPaid`.
    pub lines: Vec<Line>,
    /// The customer who pays.
    pub customer: Customer,
    /// Payments starts no confirmation after this moment. A browser may, until the payment is ended; what it has taken by then
    /// counts.
    pub pay_by: Timestamp,
    /// Who confirms the intent. Absent in an event of an older version: the server.
    #[serde(default, skip_serializing_if = "Confirm::is_server")]
    pub confirm: Confirm,
}

/// Who confirms the intent of a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Payments, with the method that the order names.
    #[default]
    Server,
    /// The customer's browser, with a method that the customer chooses there.
    Client,
}

impl Confirm {
    /// Who confirms the intent of an order with this payment method.
    pub fn of(payment_method: &str) -> Self {
        if payment_method == BY_CLIENT { Self::Client } else { Self::Server }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    const fn is_server(&self) -> bool {
        matches!(self, Self::Server)
    }
}

/// The payment method of an order whose customer chooses in the browser how to pay.
pub const BY_CLIENT: &str = "client";

/// The customer's bank requires a further step (3-D Secure). The secret for that step is never in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentActionRequired {
    /// The intent that waits for the customer.
    pub intent_id: String,
}

/// The payment is captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPaid {
    /// The intent that was paid.
    pub intent_id: String,
    /// The captured amount, in minor units.
    pub amount: Amount,
    /// The amount's currency.
    pub currency: Currency,
    /// The ordered goods.
    pub lines: Vec<Line>,
    /// For an offline payment: its sender's reference for this payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The payment ended without money, because the bank or the provider refused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// The provider's decline code, for example `card_declined`.
    pub code: String,
}

/// Why an open payment is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelCause {
    /// The bank declined the payment.
    Declined,
    /// The order was cancelled, or could not be fulfilled.
    Cancelled,
    /// The order was not paid in time.
    Expired,
}

/// An open payment must be ended at the provider. `take-payment` consumes this event to do so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCancellationRequested {
    /// Why the payment is ended.
    pub cause: CancelCause,
    /// The provider's decline code, if the cause is a decline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The intent is cancelled at the provider, or none was ever created and none will be (a tombstone).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCancelled {
    /// Why the payment was ended.
    pub cause: CancelCause,
}

/// Why money is refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// A line of the order was out of stock.
    OutOfStock,
    /// The order could not be shipped.
    ShippingFailed,
    /// The order was cancelled.
    Cancelled,
    /// The money was captured after the payment had been ended.
    LateCapture,
    /// The goods were returned.
    Returned,
    /// The shop decided to refund.
    Goodwill,
    /// The refund was made at the provider, outside of Conveyor, and is recorded here.
    Foreign,
}

/// The ledger accepted a refund. `take-payment` consumes this event to make the refund at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequested {
    /// The refund's id, unique within the order; the provider stores it as `metadata.refund_id`.
    pub refund_id: RefundId,
    /// Why the money is refunded.
    pub cause: RefundCause,
    /// The amount to refund, in minor units. Zero is valid: if another refund fails later, this request shows that its
    /// amount is due.
    pub amount: Amount,
    /// For a late capture: the captured amount, in minor units, which the ledger adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Amount>,
    /// For a late capture of an offline payment: its sender's reference for the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The failed refund that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<RefundId>,
    /// For goodwill: the operator's reason. Only the shop sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The refund succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRefunded {
    /// The refund that succeeded.
    pub refund_id: RefundId,
    /// The provider's id of the refund; missing if the amount was zero and no call was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_refund_id: Option<String>,
    /// The refunded amount, in minor units.
    pub amount: Amount,
    /// Nothing of the captured money is left, by refunds that people decided on, at the provider at least in part: no
    /// compensation of Conveyor's explains it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign_in_full: bool,
}

/// The provider refused the refund, or reported later that it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFailed {
    /// The refund that failed.
    pub refund_id: RefundId,
    /// The amount that was not refunded, in minor units.
    pub amount: Amount,
    /// The provider's reason.
    pub code: String,
    /// The request was refused, so the provider made no refund. If a late call makes one after all, `PaymentRefunded`
    /// follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Payments requests the refund again after a wait, so the operator need not act yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// The state of a dispute, or of an inquiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeOutcome {
    /// It is open. Of a dispute, the bank holds the amount; of an inquiry, it holds nothing.
    Opened,
    /// The shop won: the bank released the amount. An inquiry ended, and became no dispute.
    Won,
    /// The shop lost: the amount is charged back.
    Lost,
}

/// The customer's bank opened or closed a dispute of the payment, or an inquiry about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDisputed {
    /// The provider's id of the dispute. An inquiry that becomes a dispute keeps its id.
    pub dispute_id: String,
    /// The state of the dispute.
    pub outcome: DisputeOutcome,
    /// The disputed amount, in minor units.
    pub amount: Amount,
    /// It is only an inquiry: the bank asks, and holds no money.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inquiry: bool,
    /// When the bank wants the evidence by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_due_by: Option<Timestamp>,
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
    PaymentDataErased = 1,
}
