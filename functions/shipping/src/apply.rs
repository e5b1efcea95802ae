//! `apply-carrier-event`: what the carrier said becomes what happened to the parcel.
//!
//! Trigger: the table's stream. By item:
//! - an inbox item that speaks of a tracker: the code's order is looked up → `Shipped` at the first status at or
//!   beyond in transit, `ShipmentTracked` for each distinct scan, `Delivered`, `ReturnedToSender`. A code that no
//!   order has: parked, and looked up again. Other webhooks are acknowledged.
//! - somebody's wish to have a webhook applied once more: the same.
//! - `LabelPurchased`, `Shipped`: what is parked under their code is applied; `Shipped` leaves the open list.
//!
//! What became of a webhook is written beside it, one small write each; it follows from the stream, so that a repeat
//! writes the same. Never calls out. Idempotent by the shipment's own memory of scans. Retry: the table. Set aside: an item that
//! makes no sense.

#[cfg(test)]
mod tests;

use crate::carrier::{self, Parcel, SOURCES, TrackingReport};
use crate::tracking::{self, Parked};
use crate::{append, open, order_of};
use async_trait::async_trait;
use event_store::{Decided, Document, Documents, EventStore, Key};
use events::{Cause, Envelope, EventId, OrderId, ReadError, ServiceEvent as _, ShippingEvent};
use resilience::{Clock, Failure};
use runtime::stream::{Item, Poison, Reader, Record};
use std::sync::Arc;
use webhooks::inbox::verdict::{Verdict, conclude};
use webhooks::inbox::{self, Arrival, replay};

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
                Item::Document(document) => self.document(&key, &document).await,
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
    /// A webhook, or somebody's wish to have one applied once more.
    async fn document(&self, record: &Key, document: &Document) -> Result<(), Failure> {
        let asked_for = |source| Some((source, replay::asks_for(record, source)?));
        let Some((source, key)) = SOURCES.into_iter().find_map(asked_for) else { return Ok(()) };
        if key == *record {
            self.webhook(source, &key, document, None).await
        } else {
            self.webhook_at(source, &key, None).await
        }
    }

    /// A webhook that is forgotten meanwhile is too old to say anything.
    async fn webhook_at(&self, source: &str, key: &Key, order: Option<&OrderId>) -> Result<(), Failure> {
        match self.documents.get(key).await? {
            Some(document) => self.webhook(source, key, &document, order).await,
            None => Ok(()),
        }
    }

    /// `order`: whose parcel it speaks of, if that is known already.
    async fn webhook(
        &self,
        source: &str,
        key: &Key,
        document: &Document,
        order: Option<&OrderId>,
    ) -> Result<(), Failure> {
        let (arrival, body) = inbox::open(document, key)?;
        match self.judge(source, &arrival, &body, order).await {
            Ok(Some(verdict)) => Ok(conclude(&*self.documents, source, &arrival, verdict).await?),
            Ok(None) => Ok(()),
            Err(Failure::Reject { reason }) => {
                let verdict = Verdict::Failed { reason: reason.clone() };
                conclude(&*self.documents, source, &arrival, verdict).await?;
                Err(Failure::reject(reason))
            }
            Err(retry @ Failure::Retry { .. }) => Err(retry),
        }
    }

    /// What becomes of it. `None`: it is parked, and that is written down already.
    async fn judge(
        &self,
        source: &str,
        arrival: &Arrival,
        body: &[u8],
        order: Option<&OrderId>,
    ) -> Result<Option<Verdict>, Failure> {
        let report = carrier::read_report(source, &arrival.event_type, body).map_err(Failure::reject)?;
        let Some(report) = report else {
            return Ok(Some(Verdict::Ignored { reason: "it reports on no parcel".to_owned() }));
        };
        let parcel = &report.parcel;
        let mut order = match order {
            Some(order) => Some(order.clone()),
            None => tracking::order_of(&*self.documents, parcel).await?,
        };
        if order.is_none() {
            let parked = Parked { event_id: arrival.event_id.clone(), source: source.to_owned() };
            tracking::park(&*self.documents, parcel, &parked, self.clock.now()).await?;
            // Said before the last look, and not after it: whoever drains it has the last word.
            let waits = Verdict::Parked { key: parcel.partition() };
            conclude(&*self.documents, source, arrival, waits).await?;
            order = tracking::order_of(&*self.documents, parcel).await?;
        }
        match order {
            Some(order) => self.apply(source, &order, arrival, &report).await.map(Some),
            None => Ok(None),
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
            | ShippingEvent::LabelVoidRequested(_)
            | ShippingEvent::ShipmentTracked(_)
            | ShippingEvent::Delivered(_)
            | ShippingEvent::ReturnedToSender(_)
            | ShippingEvent::ReturnReceived(_) => Ok(()),
        }
    }

    /// Applies what waited for the order's code. Parked pointers stay until they are forgotten; applying one again
    /// changes nothing.
    async fn drain(&self, order: &OrderId, carrier: String, tracking_code: String) -> Result<(), Failure> {
        let mut unsound = Vec::new();
        for parked in tracking::parked(&*self.documents, &Parcel { carrier, tracking_code }).await? {
            let key = inbox::key(&parked.source, &parked.event_id);
            match self.webhook_at(&parked.source, &key, Some(order)).await {
                Ok(()) => {}
                // One that can never be applied takes none of its neighbours along.
                Err(Failure::Reject { reason }) => unsound.push(format!("{}: {reason}", parked.event_id)),
                Err(retry @ Failure::Retry { .. }) => return Err(retry),
            }
        }
        if unsound.is_empty() { Ok(()) } else { Err(Failure::reject(unsound.join("; "))) }
    }

    /// Appends one event after the other until the shipment has nothing more to say to these scans.
    async fn apply(
        &self,
        source: &str,
        order: &OrderId,
        arrival: &Arrival,
        report: &TrackingReport,
    ) -> Result<Verdict, Failure> {
        let cause = Cause {
            id: EventId::outside(&format!("webhook/{source}"), &arrival.event_id),
            traceparent: arrival.traceparent.clone(),
        };
        loop {
            let decided = append(&*self.store, &*self.clock, order, &cause, |shipment| {
                shipment.decide_tracking(report)
            });
            if let Decided::Nothing(history) = decided.await? {
                return Ok(Verdict::of(&cause.id, &history.envelopes));
            }
        }
    }
}
