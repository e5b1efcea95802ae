//! `apply-carrier-event`: what the carrier said becomes what happened to the parcel.
//!
//! Trigger: the table's stream. By item:
//! - an inbox item that speaks of a tracker: the code's order is looked up → `Shipped` at the first status at or
//!   beyond in transit, `ShipmentTracked` for each distinct scan, `Delivered`, `ReturnedToSender`. A code that no
//!   order has: parked, and looked up again. Other webhooks are acknowledged.
//! - `LabelPurchased`, `Shipped`: what is parked under their code is applied; `Shipped` leaves the open list.
//!
//! Never calls out. Idempotent by the shipment's own memory of scans. Retry: the table. Set aside: an item that
//! makes no sense.

#[cfg(test)]
mod tests;

use crate::easypost::{TrackerEvent, tracked};
use crate::tracking::{self, Parked};
use crate::{Parcel, append, open, order_of, webhook};
use async_trait::async_trait;
use event_store::{Decided, Document, Documents, EventStore, Key};
use events::{Cause, Envelope, EventId, OrderId, ReadError, ServiceEvent as _, ShippingEvent};
use resilience::{Clock, Failure};
use runtime::stream::{Item, Poison, Reader, Record};
use std::sync::Arc;
use webhooks::inbox;

/// The step. See the module.
pub struct ApplyCarrierEvent {
    /// The shipments' streams.
    pub store: Arc<dyn EventStore>,
    /// The map of codes, what is parked, the list of open shipments.
    pub documents: Arc<dyn Documents>,
    /// Dates events.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Reader for ApplyCarrierEvent {
    async fn read(&self, records: Vec<Record>) -> Result<Vec<Poison>, Failure> {
        let mut poison = Vec::new();
        for Record { key, item } in records {
            let outcome = match item {
                Item::Event(envelope) => self.event(&envelope).await,
                Item::Document(document) if is_ours(&key) => self.webhook(&key, &document).await,
                Item::Document(_) => Ok(()),
            };
            match outcome {
                Ok(()) => {}
                Err(Failure::Reject { reason }) => poison.push(Poison { key, reason }),
                Err(retry @ Failure::Retry { .. }) => return Err(retry),
            }
        }
        Ok(poison)
    }
}

impl ApplyCarrierEvent {
    async fn webhook(&self, key: &Key, document: &Document) -> Result<(), Failure> {
        let (arrival, body) = inbox::open(document, key)?;
        if !arrival.event_type.starts_with("tracker.") {
            tracing::debug!(webhook.id = arrival.event_id, webhook.type = arrival.event_type, "nothing to apply");
            return Ok(());
        }
        let event: TrackerEvent = serde_json::from_slice(&body).map_err(|error| {
            Failure::reject(format!("the webhook holds no tracker: {:?}", error.classify()))
        })?;
        let tracked = tracked(&event.result)
            .ok_or_else(|| Failure::reject("the tracker names no carrier or no tracking code"))?;
        let said = Parked { event_id: arrival.event_id, traceparent: arrival.traceparent, tracked };
        let parcel = &said.tracked.parcel;
        let mut order = tracking::order_of(&*self.documents, parcel).await?;
        if order.is_none() {
            tracking::park(&*self.documents, &said, self.clock.now()).await?;
            order = tracking::order_of(&*self.documents, parcel).await?;
        }
        match order {
            Some(order) => self.apply(&order, &said).await,
            None => Ok(()),
        }
    }

    async fn event(&self, envelope: &Envelope) -> Result<(), Failure> {
        let event = ShippingEvent::read(envelope).map_err(|error| match error {
            ReadError::NewerVersion { .. } => Failure::retry(error),
            ReadError::UnknownType { .. } | ReadError::Malformed { .. } => Failure::reject(error),
        })?;
        let order = order_of(envelope)?;
        match event {
            ShippingEvent::LabelPurchased(label) => {
                self.drain(&order, label.carrier, label.tracking_code).await
            }
            ShippingEvent::Shipped(shipped) => {
                open::remove(&*self.documents, &order).await?;
                self.drain(&order, shipped.carrier, shipped.tracking_code).await
            }
            ShippingEvent::ShipmentRequested(_)
            | ShippingEvent::ShippingFailed(_)
            | ShippingEvent::ShipmentCancelled(_)
            | ShippingEvent::CancellationRejected(_)
            | ShippingEvent::LabelVoided(_)
            | ShippingEvent::LabelVoidFailed(_)
            | ShippingEvent::ShipmentTracked(_)
            | ShippingEvent::Delivered(_)
            | ShippingEvent::ReturnedToSender(_)
            | ShippingEvent::ReturnReceived(_) => Ok(()),
        }
    }

    async fn drain(&self, order: &OrderId, carrier: String, tracking_code: String) -> Result<(), Failure> {
        let mut unsound = Vec::new();
        for parked in tracking::parked(&*self.documents, &Parcel { carrier, tracking_code }).await? {
            match self.apply(order, &parked).await {
                Ok(()) => {}
                // One that can never be applied takes none of its neighbours along.
                Err(Failure::Reject { reason }) => unsound.push(format!("{}: {reason}", parked.event_id)),
                Err(retry @ Failure::Retry { .. }) => return Err(retry),
            }
        }
        if unsound.is_empty() { Ok(()) } else { Err(Failure::reject(unsound.join("; "))) }
    }

    /// Appends one event after the other until the shipment has nothing more to say to these scans.
    async fn apply(&self, order: &OrderId, said: &Parked) -> Result<(), Failure> {
        let cause = Cause {
            id: EventId::outside("webhook/easypost", &said.event_id),
            traceparent: said.traceparent.clone(),
        };
        while let Decided::Appended(_) = append(&*self.store, &*self.clock, order, &cause, |shipment| {
            shipment.decide_tracking(&said.tracked)
        })
        .await?
        {}
        Ok(())
    }
}

fn is_ours(key: &Key) -> bool {
    key.sk == inbox::SORT_KEY && key.pk.starts_with(&format!("webhook#{}#", webhook::SOURCE))
}
