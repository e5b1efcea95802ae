//! The events of orders: an order placed, its cancellation or expiry requested, and every fact that orders learns about it.

use crate::erasure::{CustomerErasureRequested, OrderDataErased};
use crate::service_event::service_events;
use crate::{Amount, Attention, CancelCause, Currency, Customer, RefundId, Service, Sku};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of an order, with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The product.
    pub sku: Sku,
    /// Number of pieces, 1 to 10,000.
    pub quantity: u32,
    /// Price of one piece in minor units, from the server's price list.
    pub unit_price: Amount,
    /// Weight of one piece in grams; 0 if the catalog has no weight.
    #[serde(default)]
    pub weight_grams: u32,
}

/// How to reach the customer. Personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// An email address.
    pub email: String,
    /// A telephone number in E.164 form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Where to ship the parcel. Personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingAddress {
    /// The recipient.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// Second line of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// City or town.
    pub city: String,
    /// Postal code, if the country has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// State, canton or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country.
    pub country: String,
}

/// A customer placed an order. Emitted by `place-order`.
///
/// Most of the personal data is here. `privacy.rs` lists the personal fields of every event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// The customer who ordered.
    pub customer: Customer,
    /// The ordered products with their prices.
    pub lines: Vec<OrderLine>,
    /// The sum of all lines, in minor units of `currency`.
    pub total: Amount,
    /// The currency of all prices.
    pub currency: Currency,
    /// The order expires if it is not paid by this moment.
    pub pay_by: Timestamp,
    /// How to reach the customer.
    pub contact: Contact,
    /// Where to ship the parcel.
    pub shipping_address: ShippingAddress,
    /// The provider's payment method, for example `pm_card_visa`. `client`: the customer's browser chooses one and confirms. For an
    /// offline payment `elsewhere:<sender>`: another system receives the money and reports it by a webhook.
    pub payment_method: String,
    /// SHA-256 of the parsed request, base64url. It distinguishes a repeat from another request with the same
    /// idempotency key, even after the personal fields were erased.
    pub request_digest: String,
}

/// The prefix of the payment method of an offline payment.
const OFFLINE: &str = "elsewhere:";

/// The sender that will report the payment, if the payment is offline.
pub fn offline_sender(payment_method: &str) -> Option<&str> {
    payment_method.strip_prefix(OFFLINE)
}

/// Who requested a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedBy {
    /// The customer who placed the order.
    Customer,
    /// A member of the admin group.
    Admin,
}

/// The customer or an admin requested that the order is cancelled. Emitted by `cancel-order`.
///
/// Shipping decides whether that is still possible: `ShipmentCancelled` or `CancellationRejected` follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancellationRequested {
    /// Who requested it.
    pub requested_by: RequestedBy,
    /// The reason in the requester's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Orders has no payment for the order, and its time to pay is over. Emitted by `sweep-orders`.
///
/// Payments decides whether the order has expired: it asks the provider first, and money that came in time counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderExpired {
    /// The end of the time to pay.
    pub pay_by: Timestamp,
}

/// The status of an order: a pure function of the set of facts about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Accepted; the payment is in progress.
    Placed,
    /// The bank requires a further step of the customer.
    PaymentActionRequired,
    /// The payment is captured.
    Paid,
    /// The stock is allocated.
    Allocated,
    /// The parcel was handed over to the carrier.
    Shipped,
    /// The parcel was delivered to the customer.
    Delivered,
    /// The warehouse received the returned parcel.
    Returned,
    /// Ended: the payment failed.
    PaymentFailed,
    /// Ended: a line was out of stock; the money is refunded.
    OutOfStock,
    /// Ended: the order could not be shipped; the money is refunded.
    ShippingFailed,
    /// Being cancelled: the stock, the payment or the label is not settled yet.
    Cancelling,
    /// Ended: cancelled.
    Cancelled,
    /// Ended: not paid in time.
    Expired,
}

impl OrderStatus {
    /// The name on the wire, for example `payment_failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::PaymentActionRequired => "payment_action_required",
            Self::Paid => "paid",
            Self::Allocated => "allocated",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::PaymentFailed => "payment_failed",
            Self::OutOfStock => "out_of_stock",
            Self::ShippingFailed => "shipping_failed",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// The fact behind an `OrderUpdated`: the type of the event that reported it, or a passed deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant is the event of its name")]
pub enum Because {
    PaymentRequested,
    PaymentActionRequired,
    OrderPaid,
    PaymentFailed,
    PaymentCancellationRequested,
    PaymentCancelled,
    RefundRequested,
    PaymentRefunded,
    RefundFailed,
    PaymentDisputed,
    PaymentDataErased,
    InventoryUpdated,
    OutOfStock,
    StockReleased,
    StockCommitted,
    StockReturned,
    ShipmentRequested,
    LabelPurchased,
    Shipped,
    ShippingFailed,
    ShipmentCancelled,
    CancellationRejected,
    LabelVoided,
    LabelVoidFailed,
    LabelVoidRequested,
    ShipmentTracked,
    Delivered,
    ReturnedToSender,
    ReturnReceived,
    TrackingCorrected,
    ShipmentHeld,
    ShipmentReleased,
    StrayParcelSettled,
    ShipmentDataErased,
    #[serde(rename = "deadline")]
    Deadline,
}

/// The details of a fact: what a timeline shows and what the status is computed from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of its own on the wire")]
pub struct Detail {
    /// The amount of the payment, refund or dispute, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// The amount of a late capture, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured: Option<Amount>,
    /// The currency of `amount` and `captured`. Missing in old events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The refund that the fact is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// The failed refund that this one replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<RefundId>,
    /// Why a payment was ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_cause: Option<CancelCause>,
    /// Why money is refunded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_cause: Option<crate::RefundCause>,
    /// The state of a dispute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<crate::DisputeOutcome>,
    /// The provider's id of the dispute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute_id: Option<String>,
    /// The dispute is only an inquiry: the bank holds no money.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inquiry: bool,
    /// When the bank wants the evidence by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_due_by: Option<Timestamp>,
    /// The failed refund was refused, so the provider made none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// Payments requests the failed refund again after a wait.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The provider's code of a refusal or failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The reason, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The SKUs that were short.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Sku>,
    /// Who transports the parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<crate::Provider>,
    /// The carrier's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's tracking code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_code: Option<String>,
    /// The state of the parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<crate::TrackingStatus>,
    /// The parcel moves although the order was cancelled or had failed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub after_cancellation: bool,
    /// For a scan: when it happened, as the carrier reports it. For a delivery or a return to the sender: when shipping
    /// recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// Orders learned a fact. Emitted once for each distinct fact, even if the status stays the same: the audit trail.
/// Emitted by `track-order`, and by `sweep-orders` for a passed deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUpdated {
    /// The fact. The envelope's `causationid` is the event that reported it.
    pub because: Because,
    /// The order's status, given this fact.
    pub status: OrderStatus,
    /// Why the operator must act, given this fact. Empty: no action is needed.
    pub attention: Vec<Attention>,
    /// The details of the fact.
    pub detail: Detail,
    /// Whether money was captured for the order, given this fact. Missing in old events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paid: bool,
    /// Whether the fact changes neither the status, nor an attention, nor what is due, so that the views stay as they are.
    /// Missing in old events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
}

impl OrdersEvent {
    /// Whether it leaves the views as they are.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::OrderUpdated(updated) if updated.quiet)
            || matches!(self, Self::CustomerErasureRequested(_) | Self::OrderDataErased(_))
    }
}

service_events! {
    /// The events of orders.
    OrdersEvent of Service::Orders;
    OrderPlaced = 1,
    OrderCancellationRequested = 1,
    OrderExpired = 1,
    OrderUpdated = 1,
    CustomerErasureRequested = 1,
    OrderDataErased = 1,
}
