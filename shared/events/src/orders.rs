//! What orders says: an order placed, its cancellation or expiry asked for, and every fact learnt about it.

use crate::service_event::service_events;
use crate::{Amount, CancelCause, Currency, Customer, RefundId, Service, Sku};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One priced line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The product.
    pub sku: Sku,
    /// 1 to 10,000 pieces.
    pub quantity: u32,
    /// Price of one piece in minor units, as the server priced it.
    pub unit_price: Amount,
    /// Weight of one piece in grams; 0 where the catalog does not say.
    #[serde(default)]
    pub weight_grams: u32,
}

/// How the customer can be reached. Personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// An email address.
    pub email: String,
    /// A telephone number in E.164 form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Where the parcel goes. Personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingAddress {
    /// The recipient.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// What does not fit the first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// Postal code, where the country has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// State, canton, province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// A customer ordered. The only event with personal data; erasing a customer rewrites these fields alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// Who ordered.
    pub customer: Customer,
    /// What, at which price.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines, in minor units.
    pub total: Amount,
    /// Its currency.
    pub currency: Currency,
    /// The order expires if it is not paid by then.
    pub pay_by: Timestamp,
    /// How to reach the customer.
    pub contact: Contact,
    /// Where it goes.
    pub shipping_address: ShippingAddress,
    /// The provider's payment method, for example `pm_card_visa`; or `elsewhere:<sender>` where the money comes by way of
    /// another system, which tells so itself.
    pub payment_method: String,
    /// SHA-256 of the parsed request, base64url: it tells a repeat from another request under the same key,
    /// also after the personal fields were erased.
    pub request_digest: String,
}

/// What a payment method begins with that is another system's business, and not the payment provider's.
const ELSEWHERE: &str = "elsewhere:";

/// The sender by way of which the money is to come, if the payment method names one.
pub fn paid_by_way_of(payment_method: &str) -> Option<&str> {
    payment_method.strip_prefix(ELSEWHERE)
}

/// Who asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedBy {
    /// The customer whose order it is.
    Customer,
    /// Somebody of the shop.
    Admin,
}

/// Somebody wants the order cancelled. Shipping decides whether it still can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancellationRequested {
    /// Who asked.
    pub requested_by: RequestedBy,
    /// Why, as they put it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The order was not paid in time. Payments decides whether that is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderExpired {
    /// The moment that passed.
    pub pay_by: Timestamp,
}

/// Where an order stands: a pure function of the set of facts about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Accepted; payment is under way.
    Placed,
    /// The bank wants a further step of the customer.
    PaymentActionRequired,
    /// The money is taken.
    Paid,
    /// The stock is taken.
    Allocated,
    /// Handed over.
    Shipped,
    /// With the customer.
    Delivered,
    /// Back in the warehouse.
    Returned,
    /// Ended: the payment was refused.
    PaymentFailed,
    /// Ended: a line could not be had; the money goes back.
    OutOfStock,
    /// Ended: it could not be shipped; the money goes back.
    ShippingFailed,
    /// Being cancelled: stock, payment or label are not settled yet.
    Cancelling,
    /// Ended by cancellation.
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

/// What somebody has to look at, beside the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Money that should have gone back did not.
    RefundFailed,
    /// A label could not be given back.
    VoidFailed,
    /// The customer's bank disputes the payment.
    Disputed,
    /// The carrier could not deliver.
    DeliveryFailed,
    /// The parcel moves although the order was cancelled.
    ScannedAfterCancel,
    /// It stands in one status for longer than that status may last.
    Stuck,
}

impl Attention {
    /// Every attention that there is.
    pub const ALL: [Self; 6] = [
        Self::RefundFailed,
        Self::VoidFailed,
        Self::Disputed,
        Self::DeliveryFailed,
        Self::ScannedAfterCancel,
        Self::Stuck,
    ];

    /// The name on the wire, for example `refund_failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefundFailed => "refund_failed",
            Self::VoidFailed => "void_failed",
            Self::Disputed => "disputed",
            Self::DeliveryFailed => "delivery_failed",
            Self::ScannedAfterCancel => "scanned_after_cancel",
            Self::Stuck => "stuck",
        }
    }
}

/// The fact behind an `OrderUpdated`: the type of the event that told it, or the sweep's deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    #[serde(rename = "deadline")]
    Deadline,
}

/// What a timeline shows of a fact, and what the status is computed from. Nothing personal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// Minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// What a late capture turned out to have taken, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured: Option<Amount>,
    /// Which refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// Which failed refund this one stands in for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<RefundId>,
    /// Why a payment ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_cause: Option<CancelCause>,
    /// Why money goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_cause: Option<crate::RefundCause>,
    /// Where a dispute stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<crate::DisputeOutcome>,
    /// Which dispute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute_id: Option<String>,
    /// A refund that failed was refused: nothing was made that could be taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// A refund that failed is asked for again by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The provider's code of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The SKUs that were short.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Sku>,
    /// Who moves the parcel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<crate::Provider>,
    /// The carrier's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Its tracking code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_code: Option<String>,
    /// Where the parcel is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<crate::TrackingStatus>,
    /// The parcel moves although the order was cancelled.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub after_cancellation: bool,
}

/// A fact became known. One event per distinct fact, status changed or not: the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUpdated {
    /// The fact. The envelope's `causationid` is the event that told it.
    pub because: Because,
    /// The status with this fact.
    pub status: OrderStatus,
    /// What somebody has to look at, with this fact.
    pub attention: Vec<Attention>,
    /// What a timeline shows.
    pub detail: Detail,
}

service_events! {
    /// The events of orders.
    OrdersEvent of Service::Orders;
    OrderPlaced = 1,
    OrderCancellationRequested = 1,
    OrderExpired = 1,
    OrderUpdated = 1,
}
