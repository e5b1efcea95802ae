//! Shipping: what leaves the house, and who wins when a customer cancels.
//!
//! It owns shipments (one stream an order), copies of addresses, the map from a tracking code to its order, the
//! list of open shipments, the carrier's inbox and the state of EasyPost's [`Breaker`](runtime::breaker::Breaker). It reacts to `OrderPlaced`, `OrderCancellationRequested`,
//! `InventoryUpdated` and its own `ShipmentRequested`, `LabelPurchased`, `ShipmentCancelled`, `ShippingFailed`,
//! `LabelVoidRequested`;
//! what it says is [`events::ShippingEvent`].
//!
//! Whether an order can still be cancelled is decided here and nowhere else: `Shipped` and `ShipmentCancelled`
//! compete for a place in one stream, so exactly one of them can win (I4).

mod address;
mod apply;
pub mod easypost;
mod elsewhere;
mod manage;
mod open;
mod ship;
mod shipment;
mod tracking;
mod webhook;

#[cfg(test)]
mod scene;

pub use apply::ApplyCarrierEvent;
pub use manage::ManageShipments;
pub use ship::ShipOrder;
pub use shipment::{Disposal, Label, Parcel, Scan, Shipment, Stage, Standing, Tracked, Whereabouts};
pub use webhook::CarrierWebhook;

use event_store::{Decided, EventStore, StreamId, append_decided};
use events::{Cause, Envelope, OrderId, ShippingEvent};
use resilience::{Clock, Failure};

/// Appends what `decide` says of the order's shipment, deciding again if somebody was first.
pub(crate) async fn append(
    store: &dyn EventStore,
    clock: &dyn Clock,
    order: &OrderId,
    cause: &Cause,
    decide: impl Fn(&Shipment) -> Option<ShippingEvent> + Send + Sync,
) -> Result<Decided<Shipment>, Failure> {
    let decide = |shipment: &Shipment| Ok::<_, Failure>(decide(shipment));
    Ok(append_decided(store, &StreamId::order(order), cause, clock, decide).await?)
}

/// The order that an envelope is about.
pub(crate) fn order_of(envelope: &Envelope) -> Result<OrderId, Failure> {
    OrderId::try_from(envelope.subject.as_str())
        .map_err(|error| Failure::reject(format!("the subject of the message is {error}")))
}
