//! The published language of Conveyor: the events that services emit and consume, and nothing else.
//!
//! The events of each service are one enum in a file of its own. An [`Envelope`] is what a table stores and a topic
//! carries; an [`Event`] is what a consumer reads from an envelope. Fields are added, never renamed or re-typed, and
//! readers ignore unknown fields, so an old reader understands a new writer.
//!
//! Amounts of money are integers in minor units of ISO 4217 ([`CurrencyRules`]), weights are grams, times are RFC 3339 in UTC.
//!
//! This crate is pure: no async, no I/O, no clock.

mod attention;
mod catalog;
mod currencies;
mod data;
mod envelope;
mod erasure;
mod event;
mod ids;
mod inventory;
mod money;
mod number;
mod orders;
mod payments;
mod privacy;
mod public_codes;
mod read_error;
mod sequence;
mod service;
mod service_event;
mod shipping;
mod trace;

pub use attention::Attention;
pub use catalog::{CatalogEvent, ProductAttribute, ProductChanged};
pub use currencies::{CurrencyRules, Usable};
pub use data::Data;
pub use envelope::{Cause, Envelope};
pub use erasure::{
    CustomerErasureRequested, ErasureCause, OrderDataErased, PaymentDataErased, ShipmentDataErased,
};
pub use event::Event;
pub use ids::{Actor, Customer, EventId, InvalidId, OrderId, RefundId, Sku};
pub use inventory::{
    InventoryEvent, InventoryUpdated, OutOfStock, SkuShard, StockCommitted, StockReleased, StockReturned,
};
pub use money::{Amount, Currency, InvalidCurrency};
pub use number::{InvalidNumber, OrderNumber};
pub use orders::{
    Because, Contact, Detail, OrderCancellationRequested, OrderExpired, OrderLine, OrderPlaced, OrderStatus,
    OrderUpdated, OrdersEvent, RequestedBy, ShippingAddress, offline_sender,
};
pub use payments::{
    BY_CLIENT, CancelCause, Confirm, DisputeOutcome, OrderPaid, PaymentActionRequired,
    PaymentCancellationRequested, PaymentCancelled, PaymentDisputed, PaymentFailed, PaymentRefunded,
    PaymentRequested, PaymentsEvent, RefundCause, RefundFailed, RefundRequested,
};
pub use privacy::{ERASED, FieldClass, Fields, is_erased};
pub use public_codes::{public_code, public_refund_code};
pub use read_error::ReadError;
pub use sequence::Sequence;
pub use service::Service;
pub use service_event::ServiceEvent;
pub use shipping::{
    CancellationRejected, Delivered, LabelPurchased, LabelVoidFailed, LabelVoidRequested, LabelVoided,
    Provider, RejectedBecause, ReturnReceived, ReturnedToSender, ShipmentCancelled, ShipmentHeld,
    ShipmentReleased, ShipmentRequested, ShipmentTracked, Shipped, ShippingEvent, ShippingFailed,
    StrayParcel, StrayParcelSettled, TrackingCorrected, TrackingStatus,
};
pub use trace::Traceparent;

use serde::{Deserialize, Serialize};

/// One line of an order as payments, inventory and shipping need it: SKU, quantity and weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product.
    pub sku: Sku,
    /// Number of pieces, 1 to 10,000.
    pub quantity: u32,
    /// Weight of one piece in grams; 0 if the catalog has no weight.
    #[serde(default)]
    pub weight_grams: u32,
}
