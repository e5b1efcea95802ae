//! Shipping: moves orders out of the warehouse, and decides whether a cancellation is in time.
//!
//! It owns shipments (one stream an order), copies of addresses, the map from tracking codes to orders, the list of open
//! shipments, the carriers' inbox and the state of their [`Breaker`](outbound::Breaker)s. It reacts to
//! `OrderPlaced`, `OrderCancellationRequested`, `InventoryUpdated` and its own `ShipmentRequested`, `LabelPurchased`,
//! `ShipmentCancelled`, `ShippingFailed`, `LabelVoidRequested`, `ShipmentReleased`, and payments' `PaymentRefunded`. It emits [`events::ShippingEvent`].
//!
//! Only this service decides whether an order can still be cancelled: `Shipped` and `ShipmentCancelled` compete for one
//! place in one stream, so exactly one of them wins (I4).

mod address;
mod apply;
mod carrier;
mod manage;
mod open;
mod ship;
mod shipment;
mod tracking;

#[cfg(test)]
mod testing;

pub use apply::ApplyCarrierEvent;
pub use carrier::easypost::{CarrierWebhook, EasyPost};
pub use carrier::{Carriers, Parcel, Scan, TrackingReport};
pub use manage::ManageShipments;
pub use ship::ShipOrder;
pub use shipment::{Label, LabelState, Shipment, ShipmentStatus, Stage, Whereabouts};

use event_store::{Decided, EventStore, StreamId, append_decided};
use events::{Cause, Envelope, OrderId, ShippingEvent};
use resilience::{Clock, Failure};

/// Appends the event that `decide` returns for the order's shipment, and decides again after a concurrent append.
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

/// The order of an envelope.
pub(crate) fn order_of(envelope: &Envelope) -> Result<OrderId, Failure> {
    OrderId::try_from(envelope.subject.as_str())
        .map_err(|error| Failure::reject(format!("the subject of the message is {error}")))
}
