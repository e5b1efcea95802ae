//! The erasure of an order's personal data: the copy of its address, its codes, the carriers' webhooks about it, its events.
//!
//! The address stays as a tombstone, which a late duplicate of `OrderPlaced` does not overwrite. The events name the codes, so
//! they are redacted last: a run that stops half way is repeated from the same events.

use super::ShipOrder;
use crate::carrier::{Parcel, SOURCES};
use crate::shipment::BY_WEBHOOK;
use crate::{Shipment, address, append, tracking};
use event_store::{StreamId, erase_stream};
use events::{CustomerErasureRequested, Envelope, OrderId, ServiceEvent as _, ShippingEvent};
use resilience::Failure;
use runtime::queue::Message;
use webhooks::inbox::erasure::{erase_causes, erase_parked};

impl ShipOrder {
    /// After `CustomerErasureRequested`.
    pub(super) async fn erase(
        &self,
        order: &OrderId,
        message: &Message,
        request: &CustomerErasureRequested,
    ) -> Result<(), Failure> {
        let (documents, stream) = (&*self.documents, StreamId::order(order));
        address::erase(documents, order).await?;
        let envelopes = self.store.read(&stream).await?;
        for parcel in parcels(&envelopes) {
            for partition in std::iter::once(parcel.partition()).chain(parcel.older_partitions()) {
                erase_parked(documents, &partition, SOURCES[0]).await?;
                tracking::forget(documents, &partition, order, self.clock.now()).await?;
            }
        }
        erase_causes(documents, &SOURCES, BY_WEBHOOK, &envelopes).await?;
        erase_stream(&*self.store, &*self.redaction, &stream, &request.pseudonym).await?;
        let cause = message.envelope.as_cause();
        append(&*self.store, &*self.clock, order, &cause, |shipment: &Shipment| {
            shipment.decide_erased(&request.pseudonym)
        })
        .await?;
        // What was appended before that event, and after the stream was read.
        erase_stream(&*self.store, &*self.redaction, &stream, &request.pseudonym).await?;
        Ok(())
    }
}

/// Every parcel that the events name.
fn parcels(envelopes: &[Envelope]) -> Vec<Parcel> {
    let named = envelopes.iter().filter_map(|envelope| ShippingEvent::read(envelope).ok());
    let parcels = named.flat_map(|event| match event {
        ShippingEvent::LabelPurchased(label) => vec![(label.carrier, label.tracking_code)],
        ShippingEvent::Shipped(shipped) => vec![(shipped.carrier, shipped.tracking_code)],
        ShippingEvent::TrackingCorrected(corrected) => vec![
            (corrected.carrier, corrected.tracking_code),
            (corrected.previous_carrier, corrected.previous_tracking_code),
        ],
        ShippingEvent::ShipmentRequested(_)
        | ShippingEvent::ShippingFailed(_)
        | ShippingEvent::ShipmentCancelled(_)
        | ShippingEvent::CancellationRejected(_)
        | ShippingEvent::LabelVoided(_)
        | ShippingEvent::LabelVoidFailed(_)
        | ShippingEvent::LabelVoidRequested(_)
        | ShippingEvent::ShipmentTracked(_)
        | ShippingEvent::Delivered(_)
        | ShippingEvent::ReturnedToSender(_)
        | ShippingEvent::ReturnReceived(_)
        | ShippingEvent::ShipmentHeld(_)
        | ShippingEvent::ShipmentReleased(_)
        | ShippingEvent::StrayParcelSettled(_)
        | ShippingEvent::ShipmentDataErased(_) => Vec::new(),
    });
    parcels.map(|(carrier, tracking_code)| Parcel { carrier, tracking_code }).collect()
}
