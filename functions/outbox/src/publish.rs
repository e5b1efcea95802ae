//! `publish-events`: new events go to their service's topic.
//!
//! Trigger: new event items of catalog, orders, payments, inventory and shipping, over their tables' streams.
//! Effect: every one of them is in its topic, with `type` (and `status`, for `OrderUpdated`) as attributes for the
//! subscriptions' filters. Says nothing of its own. Not idempotent and need not be: a batch that fails in part is
//! published whole again, and every consumer tolerates duplicates. Retry (the whole batch) until every entry
//! is accepted; an item that is no event is set aside with its key (I6).

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
    /// Each service's topic.
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
                Err(unsound) => poison.push(unsound),
            }
        }
        for (service, publications) in by_service {
            let topic = self
                .topics
                .get(&service)
                .ok_or_else(|| Failure::retry(format!("no topic is set for {service}; set its ARN")))?;
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
        Item::Document(_) => return Err(poison("the item is no event; mend the source's filter".to_owned())),
    };
    let service = envelope.service().map_err(|error| poison(error.to_string()))?;
    // What the event says is its readers' affair: during a rollout they may know types and versions that this
    // build does not. Only the status that subscriptions filter on is looked up.
    let status = envelope.data["status"].as_str().filter(|_| envelope.event_type == "OrderUpdated");
    let body = serde_json::to_string(envelope).map_err(|error| poison(error.to_string()))?;
    Ok((
        service,
        Publication { body, event_type: envelope.event_type.clone(), status: status.map(str::to_owned) },
    ))
}
