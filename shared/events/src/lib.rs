//! The published language of Conveyor: what services say to one another, and nothing else.
//!
//! Every service's events are one enum in a file of its own; [`Envelope`] is what stands in a table and
//! travels through a topic; [`Event`] is what a consumer reads out of an envelope. Fields are added, never
//! renamed or re-typed, and unknown fields are ignored, so that an old reader understands a new writer.
//!
//! This crate is pure: no async, no I/O, no clock.

mod catalog;
mod data;
mod envelope;
mod ids;
mod inventory;
mod money;
mod orders;
mod payments;
mod service_event;
mod shipping;
mod trace;

pub use catalog::{CatalogEvent, ProductChanged};
pub use data::Data;
pub use envelope::{Cause, Envelope, Sequence, Service};
pub use ids::{Customer, EventId, InvalidId, OrderId, RefundId, Sku};
pub use inventory::{
    InventoryEvent, InventoryUpdated, OutOfStock, StockCommitted, StockReleased, StockReturned,
};
pub use money::{Amount, Currency, InvalidCurrency};
pub use orders::{
    Attention, Because, Contact, Detail, OrderCancellationRequested, OrderExpired, OrderLine, OrderPlaced,
    OrderStatus, OrderUpdated, OrdersEvent, RequestedBy, ShippingAddress, paid_by_way_of,
};
pub use payments::{
    CancelCause, DisputeOutcome, OrderPaid, PaymentActionRequired, PaymentCancellationRequested,
    PaymentCancelled, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentRequested, PaymentsEvent,
    RefundCause, RefundFailed, RefundRequested,
};
pub use service_event::{Event, ReadError, ServiceEvent};
pub use shipping::{
    CancellationRejected, Delivered, LabelPurchased, LabelVoidFailed, LabelVoidRequested, LabelVoided,
    Provider, RejectedBecause, ReturnReceived, ReturnedToSender, ShipmentCancelled, ShipmentRequested,
    ShipmentTracked, Shipped, ShippingEvent, ShippingFailed, TrackingStatus,
};
pub use trace::Traceparent;

use serde::{Deserialize, Serialize};

/// One line of an order as payments, inventory and shipping need it: what, how many, how heavy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The product.
    pub sku: Sku,
    /// 1 to 10,000 pieces.
    pub quantity: u32,
    /// Weight of one piece in grams; 0 where the catalog does not say.
    #[serde(default)]
    pub weight_grams: u32,
}
