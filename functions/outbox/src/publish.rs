//! `publish-events`: publishes new events to their service's topic.
//!
//! - Trigger: new events in the table streams of catalog, orders, payments, inventory and shipping.
//! - Effect: each event is published to its service's topic, with the attributes `type` and, for `OrderUpdated`, `status`.
//!   Subscriptions filter on them.
//! - Publishes: no events of its own.
//! - Not idempotent: a batch that fails in part is published again as a whole. Every consumer tolerates duplicates.
//! - Retry: the whole batch, until the topics accept every event.
//! - Poison: an item that is not an event is dead-lettered with its key (I6).

use async_trait::async_trait;
use event_store::Key;
use events::{Envelope, Service};
use outbound::{Publication, Topic};
use resilience::Failure;
use runtime::stream::{Item, Poison, Reader, Record};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The step.
pub struct PublishEvents {
    /// The topic of each service.
    pub topics: BTreeMap<Service, Arc<dyn Topic>>,
}

#[async_trait]
impl Reader for PublishEvents {
    async fn read(&self, records: Vec<Record>) -> Result<Vec<Poison>, Failure> {
        let mut poison = Vec::new();
        let mut by_service: BTreeMap<Service, Vec<Publication>> = BTreeMap::new();
        for Record { key, item } in records {
            match publication(&key, &item) {
                Ok((service, publication)) => by_service.entry(service).or_default().push(publication),
                Err(invalid) => poison.push(invalid),
            }
        }
        for (service, publications) in by_service {
            let topic = self
                .topics
                .get(&service)
                .ok_or_else(|| Failure::retry(format!("{service} has no topic; set its ARN")))?;
            topic.publish(&publications).await.map_err(Failure::retry)?;
            tracing::info!(service = service.as_str(), count = publications.len(), "events published");
        }
        Ok(poison)
    }
}

fn publication(key: &Key, item: &Item) -> Result<(Service, Publication), Poison> {
    let poison = |reason: String| Poison { key: key.clone(), reason };
    let envelope: &Envelope = match item {
        Item::Event(envelope) => envelope,
        Item::Document(_) => {
            return Err(poison("the item is not an event; fix the event source's filter".to_owned()));
        }
    };
    let service = envelope.service().map_err(|error| poison(error.to_string()))?;
    // The data is not validated: during a rollout consumers may know types and versions that this build does not.
    // Only the status is read, because subscriptions filter on it.
    let status = envelope.data["status"].as_str().filter(|_| envelope.event_type == "OrderUpdated");
    let body = serde_json::to_string(envelope).map_err(|error| poison(error.to_string()))?;
    // SNS refuses these two characters, and with them the batch. JSON writes none outside of a text, where an escape is the same.
    let body = body.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
    Ok((
        service,
        Publication { body, event_type: envelope.event_type.clone(), status: status.map(str::to_owned) },
    ))
}
