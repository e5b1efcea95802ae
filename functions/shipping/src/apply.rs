//! `apply-carrier-event`: applies the carriers' reports to shipments.
//!
//! Trigger: the table's stream. By item:
//! - an inbox item that reports on a parcel, or a replay of one → `Shipped` at the first scan at or beyond in transit,
//!   `ShipmentTracked` for each distinct scan, `Delivered`, `ReturnedToSender`. A report on a code that no order has yet
//!   is parked. Other webhooks are ignored.
//! - `LabelPurchased`, `Shipped`, `TrackingCorrected`: applies the reports that are parked under their code; `Shipped`
//!   leaves the open list. A report on a code that was corrected since is parked for the order whose code it is.
//!
//! The verdict is written beside each webhook ([`InboxReader`]). Calls no carrier. Idempotent by the scans of the
//! shipment. Retry: the table is unavailable. Dead-letter: an item that cannot be read.

#[cfg(test)]
mod tests;

use crate::carrier::{self, Parcel, TrackingReport};
use crate::shipment::BY_WEBHOOK;
use crate::{Shipment, open, order_of, tracking};
use async_trait::async_trait;
use event_store::{Decided, Documents, EventStore, History, StreamId, append_decided_on};
use events::{Envelope, OrderId, ReadError, ServiceEvent as _, ShippingEvent};
use resilience::{Clock, Failure};
use runtime::stream::{Item, Reader, Record};
use std::sync::Arc;
use webhooks::inbox::reader::{Handler, InboxReader, Outcome, Webhook};
use webhooks::inbox::verdict::Verdict;

/// The step. See the module.
pub struct ApplyCarrierEvent {
    /// The shipments' streams.
    pub store: Arc<dyn EventStore>,
    /// The inbox, the parked reports, the map of codes, the list of open shipments.
    pub documents: Arc<dyn Documents>,
    /// Sets the time of events.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Reader for ApplyCarrierEvent {
    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        for Record { key, item } in records {
            match item {
                Item::Event(envelope) => self.event(envelope).await?,
                Item::Document(document) => self.inbox(None).read(key, document).await?,
            }
        }
        Ok(())
    }
}

/// Parses and applies the inbox's webhooks.
struct Reports<'a> {
    step: &'a ApplyCarrierEvent,
    /// The parcel's order, if the reports are drained by an event of that order.
    order: Option<&'a OrderId>,
}

#[async_trait]
impl Handler for Reports<'_> {
    type Report = TrackingReport;

    const SOURCES: &'static [&'static str] = &carrier::SOURCES;
    const NOTHING_REPORTED: &'static str = "it reports on no parcel";

    fn parse(&self, webhook: &Webhook<'_>) -> Result<Option<TrackingReport>, Failure> {
        carrier::read_report(webhook.source, &webhook.item.event_type, webhook.body).map_err(Failure::reject)
    }

    fn partition(&self, report: &TrackingReport) -> String {
        report.parcel.partition()
    }

    /// Appends one event after the other until the report leads to none.
    async fn apply(&self, webhook: &Webhook<'_>, report: &TrackingReport) -> Result<Outcome, Failure> {
        let order = match self.order {
            Some(order) => Some(order.clone()),
            None => tracking::order_of(&*self.step.documents, &report.parcel).await?,
        };
        let Some(order) = order else {
            if tracking::is_forgotten(&*self.step.documents, &report.parcel).await? {
                let reason = "the personal data of its order was erased".to_owned();
                return Ok(Outcome::Resolved(Verdict::Ignored { reason }));
            }
            return Ok(Outcome::Unmatched);
        };
        let cause = webhook.cause(&format!("{BY_WEBHOOK}{}", webhook.source));
        let waited = self.order.is_some();
        let (store, stream) = (&*self.step.store, StreamId::order(&order));
        let decide = |shipment: &Shipment| Ok::<_, Failure>(shipment.decide_tracking(report, waited));
        let mut history = store.history::<Shipment>(&stream).await?;
        loop {
            let decided =
                append_decided_on(history, store, &stream, &cause, &*self.step.clock, decide).await?;
            let History { envelopes, state } = match decided {
                Decided::Nothing(history) => history,
                Decided::Appended(appended) => {
                    history = appended;
                    continue;
                }
            };
            if state.was_corrected_from(&report.parcel) {
                return Ok(Outcome::Unmatched);
            }
            let verdict = match Verdict::of(&cause.id, &envelopes) {
                Verdict::AlreadyKnown if state.own_scans(report, waited).next().is_none() => {
                    Verdict::Ignored { reason: "each of its scans is older than the parcel".to_owned() }
                }
                verdict => verdict,
            };
            return Ok(Outcome::Resolved(verdict));
        }
    }
}

impl ApplyCarrierEvent {
    fn inbox<'a>(&'a self, order: Option<&'a OrderId>) -> InboxReader<'a, Reports<'a>> {
        let handler = Reports { step: self, order };
        InboxReader { documents: &*self.documents, clock: &*self.clock, handler }
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
            ShippingEvent::TrackingCorrected(corrected) => {
                self.drain(&order, corrected.carrier, corrected.tracking_code).await
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
            | ShippingEvent::ReturnReceived(_)
            | ShippingEvent::ShipmentHeld(_)
            | ShippingEvent::ShipmentReleased(_)
            | ShippingEvent::StrayParcelSettled(_)
            | ShippingEvent::ShipmentDataErased(_) => Ok(()),
        }
    }

    /// Applies the reports that are parked under the code of the order's parcel.
    async fn drain(&self, order: &OrderId, carrier: String, tracking_code: String) -> Result<(), Failure> {
        let parcel = Parcel { carrier, tracking_code };
        let partitions = std::iter::once(parcel.partition()).chain(parcel.older_partitions());
        let mut rejected = Vec::new();
        for partition in partitions {
            match self.inbox(Some(order)).drain(&partition).await {
                Ok(()) => {}
                // An item that can never be applied must not block the other partitions.
                Err(Failure::Reject { reason }) => rejected.push(reason),
                Err(retry @ Failure::Retry { .. }) => return Err(retry),
            }
        }
        if rejected.is_empty() { Ok(()) } else { Err(Failure::reject(rejected.join("; "))) }
    }
}
