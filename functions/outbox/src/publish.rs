//! `publish-events`: publishes new events to their service's topic.
//!
//! - Trigger: new events in the table streams of catalog, orders, payments, inventory and shipping.
//! - Effect: each event is published to its service's topic, with the attributes `type` and, for `OrderUpdated`, `status`.
//!   Subscriptions filter on them.
//! - Publishes: no events of its own.
//! - Not idempotent: what fails in part is published again, event by event. Every consumer tolerates duplicates.
//! - Retry: the topic does not accept the event for now.
//! - Dead-letter: an item that is not an event, or an event that no topic accepts (I6).

use async_trait::async_trait;
use event_store::limits::escaped;
use events::{Envelope, Service, Traceparent};
use outbound::{LARGEST_PUBLICATION, Publication, Topic};
use resilience::Failure;
use runtime::correlation::order_of;
use runtime::stream::{Item, Reader, Record, Takes};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The step.
pub struct PublishEvents {
    /// The topic of each service.
    pub topics: BTreeMap<Service, Arc<dyn Topic>>,
}

#[async_trait]
impl Reader for PublishEvents {
    fn takes(&self) -> Takes {
        // A topic keeps no order, so an event that waits delays no other.
        Takes::Batch
    }

    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        let mut by_service: BTreeMap<Service, Vec<Publication>> = BTreeMap::new();
        for record in records {
            let (service, publication) = publication(&record.item).map_err(Failure::reject)?;
            by_service.entry(service).or_default().push(publication);
        }
        for (service, publications) in by_service {
            let topic = self
                .topics
                .get(&service)
                .ok_or_else(|| Failure::retry(format!("{service} has no topic; set its ARN")))?;
            topic.publish(&publications).await?;
        }
        for record in records {
            log(&record.item);
        }
        Ok(())
    }
}

/// One line for each event, because each is of an order and a trace of its own.
fn log(item: &Item) {
    let Item::Event(envelope) = item else { return };
    tracing::info!(
        event.id = %envelope.id,
        order.id = order_of(envelope.id.as_str()),
        trace_id = envelope.traceparent.as_ref().map(Traceparent::trace_id),
        "published"
    );
}

fn publication(item: &Item) -> Result<(Service, Publication), String> {
    let envelope: &Envelope = match item {
        Item::Event(envelope) => envelope,
        Item::Document(_) => {
            return Err("the item is not an event; fix the event source's filter".to_owned());
        }
    };
    let service = envelope.service().map_err(|error| error.to_string())?;
    // The data is not validated: during a rollout consumers may know types and versions that this build does not.
    // Only the status is read, because subscriptions filter on it.
    let status = envelope.data["status"].as_str().filter(|_| envelope.event_type == "OrderUpdated");
    let body = serde_json::to_string(envelope).map_err(|error| error.to_string())?;
    let publication = Publication {
        body: escaped(&body),
        event_type: envelope.event_type.clone(),
        status: status.map(str::to_owned),
    };
    // Known before anything is published, so that its neighbours are published once.
    if publication.bytes() > LARGEST_PUBLICATION {
        let bytes = publication.bytes();
        return Err(format!(
            "the event has {bytes} bytes with its attributes; a topic carries {LARGEST_PUBLICATION}"
        ));
    }
    Ok((service, publication))
}
