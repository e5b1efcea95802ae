//! What shipping says: a shipment asked for, labelled, handed over, tracked, delivered, or not.

use crate::service_event::service_events;
use crate::{Line, Service};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who moves the parcel. The one recorded in `ShipmentRequested` decides from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The warehouse's own dispatch, over `manage-shipments`.
    Warehouse,
    /// A carrier through `EasyPost`.
    Easypost,
}

/// The shipment exists. With a carrier, the message of this event buys the label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentRequested {
    /// Who moves it.
    pub provider: Provider,
    /// The carrier's shipment; the warehouse's own dispatch has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<String>,
    /// What to pack.
    pub lines: Vec<Line>,
}

/// A label is bought. It is appended even after a cancellation, so that the label is seen and voided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelPurchased {
    /// The carrier's name.
    pub carrier: String,
    /// Its tracking code.
    pub tracking_code: String,
    /// Where the label can be printed from.
    pub label_url: String,
}

/// The parcel was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipped {
    /// The carrier's name.
    pub carrier: String,
    /// Its tracking code.
    pub tracking_code: String,
}

/// It cannot be shipped: before the hand-over, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingFailed {
    /// Why, for a person.
    pub reason: String,
}

/// The customer's cancellation won: nothing of this order will leave the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentCancelled {}

/// What came before the cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectedBecause {
    /// It had been handed over.
    Shipped,
    /// It had failed already, with its own way back.
    ShippingFailed,
}

/// The customer's cancellation came too late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationRejected {
    /// What came before.
    pub because: RejectedBecause,
}

/// The label without a future was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelVoided {}

/// The carrier would not take the label back: somebody has to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelVoidFailed {
    /// The carrier's reason.
    pub reason: String,
}

/// An operator wants the label given back once more; the message of this event asks the carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelVoidRequested {}

/// The carrier's word on where a parcel is (`EasyPost`, tracker statuses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingStatus {
    /// Announced, not handed over.
    PreTransit,
    /// On its way.
    InTransit,
    /// On the van.
    OutForDelivery,
    /// It waits at a counter.
    AvailableForPickup,
    /// Delivered.
    Delivered,
    /// On its way back.
    ReturnToSender,
    /// The carrier gave up on an attempt.
    Failure,
    /// A status that says nothing about the way, such as `unknown`.
    Other,
}

/// The carrier scanned the parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentTracked {
    /// Where it is.
    pub status: TrackingStatus,
    /// The carrier's finer word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<String>,
    /// When the carrier says it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The parcel moves although the order was cancelled: somebody has to look.
    #[serde(default)]
    pub after_cancellation: bool,
}

/// The parcel is with the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {}

/// The carrier brings it back. This is tracking only; the goods are not here yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedToSender {}

/// The warehouse has the parcel in its hands again.
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
}
