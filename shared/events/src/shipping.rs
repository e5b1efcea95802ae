//! The events of shipping: a shipment requested, labelled, handed over, tracked, delivered or returned, failed or cancelled.
//!
//! `ship-order` emits them when it handles a message, `apply-carrier-event` when a carrier's webhook reports them, and
//! `manage-shipments` when the warehouse or an operator reports them.

use crate::service_event::service_events;
use crate::{Customer, Line, RefundId, Service, ShipmentDataErased};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who transports the parcel. The provider in `ShipmentRequested` stays the shipment's provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The warehouse dispatches the parcel itself and reports it to `manage-shipments`.
    Warehouse,
    /// A carrier, through `EasyPost`.
    Easypost,
}

/// The shipment is created. With `EasyPost`, `ship-order` consumes this event to buy the label. Emitted by `ship-order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentRequested {
    /// Who transports the parcel.
    pub provider: Provider,
    /// `EasyPost`'s id of the shipment; missing for the warehouse's own dispatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<String>,
    /// The goods to pack.
    pub lines: Vec<Line>,
}

/// A label is bought. Emitted by `ship-order`, even after a cancellation, so that the label is known and voided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelPurchased {
    /// The carrier's name.
    pub carrier: String,
    /// The carrier's tracking code.
    pub tracking_code: String,
    /// URL of the printable label.
    pub label_url: String,
}

/// The parcel was handed over to the carrier. Emitted by `manage-shipments` when the warehouse dispatches it, else by
/// `apply-carrier-event` at the first scan that shows that the parcel moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    /// The carrier's name.
    pub carrier: String,
    /// The carrier's tracking code.
    pub tracking_code: String,
}

/// The order can never be shipped; it was not handed over. Emitted by `ship-order` and `manage-shipments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingFailed {
    /// The reason, for people.
    pub reason: String,
}

/// The cancellation was in time: this order will not be shipped. Emitted by `ship-order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentCancelled {}

/// What happened before the cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectedBecause {
    /// The parcel had been handed over.
    Shipped,
    /// Shipping had failed, and its own compensation is under way.
    ShippingFailed,
}

/// The cancellation was too late. Emitted by `ship-order`, once an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationRejected {
    /// What happened before the cancellation.
    pub because: RejectedBecause,
}

/// The carrier accepted the return of a label that is no longer needed, because the shipment was cancelled or failed.
/// Emitted by `ship-order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelVoided {}

/// The carrier refused to void the label; the operator must act. Emitted by `ship-order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelVoidFailed {
    /// The carrier's reason.
    pub reason: String,
}

/// An operator requests that the label is voided again. `ship-order` consumes this event to ask the carrier. Emitted by
/// `manage-shipments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelVoidRequested {}

/// The carrier or the tracking code of a parcel that left was mistyped: an operator corrected it. Emitted by
/// `manage-shipments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingCorrected {
    /// The carrier's name.
    pub carrier: String,
    /// The carrier's tracking code.
    pub tracking_code: String,
    /// The carrier's name until now.
    pub previous_carrier: String,
    /// The tracking code until now.
    pub previous_tracking_code: String,
    /// The operator.
    pub corrected_by: Customer,
}

/// All money of the order was refunded outside of Conveyor, so the goods must not be sent until an operator decides. If
/// the parcel has left already, it is on its way without money. Emitted by `ship-order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentHeld {
    /// The refund that left nothing.
    pub refund_id: RefundId,
}

/// An operator decided that the shipment is sent nevertheless, or that nothing is to be done about a parcel that left.
/// `ship-order` consumes this event to buy a label that the hold prevented. Emitted by `manage-shipments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentReleased {
    /// The operator.
    pub released_by: Customer,
}

/// What became of a parcel that moved although its shipment had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrayParcel {
    /// It is at the warehouse again.
    CameBack,
    /// The customer has it and keeps it.
    Kept,
    /// It is not found.
    Lost,
}

/// An operator knows what became of a parcel that was scanned although its shipment was cancelled or had failed. A later scan
/// raises the question again. Emitted by `manage-shipments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrayParcelSettled {
    /// What became of it.
    pub outcome: StrayParcel,
    /// The operator.
    pub settled_by: Customer,
}

/// The state of a parcel as the carrier reports it (`EasyPost`'s tracker statuses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingStatus {
    /// Announced, but not handed over.
    PreTransit,
    /// In transit.
    InTransit,
    /// Out for delivery today.
    OutForDelivery,
    /// Ready for pickup by the customer.
    AvailableForPickup,
    /// Delivered.
    Delivered,
    /// In transit to the sender.
    ReturnToSender,
    /// A delivery attempt failed.
    Failure,
    /// Another status that does not show where the parcel is, such as `unknown`.
    Other,
}

/// The carrier scanned the parcel. Emitted by `apply-carrier-event`, once for each distinct scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentTracked {
    /// The state of the parcel.
    pub status: TrackingStatus,
    /// The carrier's more precise status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<String>,
    /// When the scan happened, as the carrier reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The parcel moves although the shipment was cancelled or had failed; the operator must act.
    #[serde(default)]
    pub after_cancellation: bool,
}

/// The parcel was delivered to the customer. Emitted by `apply-carrier-event` or `manage-shipments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {}

/// The carrier returns the parcel to the sender. The goods are not received yet. Emitted by `apply-carrier-event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedToSender {}

/// The warehouse received the returned parcel. Emitted by `manage-shipments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnReceived {
    /// Whether the goods can be sold again.
    pub restock: bool,
}

service_events! {
    /// The events of shipping.
    ShippingEvent of Service::Shipping;
    ShipmentRequested = 1,
    LabelPurchased = 1,
    Shipped = 1,
    ShippingFailed = 1,
    ShipmentCancelled = 1,
    CancellationRejected = 1,
    LabelVoided = 1,
    LabelVoidFailed = 1,
    LabelVoidRequested = 1,
    ShipmentTracked = 1,
    Delivered = 1,
    ReturnedToSender = 1,
    ReturnReceived = 1,
    TrackingCorrected = 1,
    ShipmentHeld = 1,
    ShipmentReleased = 1,
    StrayParcelSettled = 1,
    ShipmentDataErased = 1,
}
