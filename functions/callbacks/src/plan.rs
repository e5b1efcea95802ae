//! `plan-deliveries`: creates a delivery of an event for each endpoint that subscribes to it.
//!
//! - Trigger: `OrderPlaced`, `OrderUpdated`, `CustomerErasureRequested`.
//! - Effect: for each enabled endpoint that wants the type, a delivery (`endpoint#<id>` / `delivery#<webhook id>`), and
//!   then a job for it in the delivery queue. If the job is not sent, `schedule-callbacks` sends one.
//!   `CustomerErasureRequested`: the deliveries of the order lose their personal data, at any age of the message.
//! - Publishes: nothing.
//! - Idempotent by the delivery's key, which is derived from the event's id: a duplicate finds the delivery, and sends no job.
//!   A delivery expires, so a replayed event that is older than it is kept is ignored. A younger one leads to a delivery only
//!   for an endpoint that was enabled when the event happened: a replay repairs what was lost, and is no news to new endpoints.
//! - Retry: the table is unavailable.

mod erase;

use crate::delivery::Delivery;
use crate::delivery_job;
use crate::endpoint::Endpoint;
use crate::outgoing::{Outgoing, outgoing};
use crate::store::{self, Changed};
use async_trait::async_trait;
use event_store::{Document, Documents, Key, Pages, StoreError};
use events::{Event, OrdersEvent};
use futures_util::future::try_join_all;
use outbound::WorkQueue;
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message};
use runtime::replayed;
use std::sync::Arc;

/// How many endpoints one request reads.
const PAGE: u32 = 100;

/// The step of `plan-deliveries`.
pub struct PlanDeliveries {
    /// The endpoints. A list that lags by moments is enough, because a delivery reads its endpoint again.
    pub endpoints: Arc<dyn Pages>,
    /// The deliveries.
    pub documents: Arc<dyn Documents>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Consumer for PlanDeliveries {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        if let Event::Orders(OrdersEvent::CustomerErasureRequested(_)) = &message.event {
            return self.erase(&message.envelope).await;
        }
        if replayed::is_refused(message, replayed::PLANNED_WITHIN, self.clock.now()) {
            return Ok(());
        }
        let messages = outgoing(&message.envelope, &message.event)?;
        let mut endpoints = self.endpoints().await?;
        if message.envelope.replayed.is_some() {
            endpoints.retain(|endpoint| endpoint.is_enabled_since(message.envelope.time));
        }
        let plans = endpoints.iter().flat_map(|endpoint| {
            let wanted = messages.iter().filter(|message| endpoint.wants(message.kind));
            wanted.map(|wanted| self.plan(endpoint, wanted.clone(), &message.envelope.subject))
        });
        try_join_all(plans).await?;
        Ok(())
    }
}

impl PlanDeliveries {
    async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        not_deleted(self.endpoints.all(store::ENDPOINTS, PAGE).await?)
    }

    async fn plan(&self, endpoint: &Endpoint, message: Outgoing, order: &str) -> Result<(), Failure> {
        let key = store::delivery_key(&endpoint.id, &message.id);
        let new = Delivery::new(&endpoint.id, message, self.clock.now());
        let changed = store::change::<Delivery, Failure>(&*self.documents, &*self.clock, &key, |stored| {
            Ok(stored.is_none().then(|| new.clone()))
        });
        let (planned, is_new) = match changed.await? {
            Changed::Written(delivery) => (Some(delivery), true),
            Changed::NotNeeded(delivery) => (delivery, false),
        };
        let Some(delivery) = planned else { return Ok(()) };
        // Also for a duplicate: the process that wrote it may have stopped before it looked.
        self.erase_if_marked(&delivery, order).await?;
        if is_new {
            tracing::info!(endpoint.id = endpoint.id, delivery.id = delivery.id, "a delivery was planned");
            delivery_job::send(&*self.documents, &*self.work, &*self.clock, &delivery).await?;
        }
        Ok(())
    }
}

/// Every endpoint that is not deleted, sorted by id.
pub(crate) async fn all_endpoints(documents: &dyn Documents) -> Result<Vec<Endpoint>, StoreError> {
    not_deleted(documents.list(store::ENDPOINTS, "endpoint#").await?)
}

fn not_deleted(found: Vec<(Key, Document)>) -> Result<Vec<Endpoint>, StoreError> {
    let mut endpoints = Vec::with_capacity(found.len());
    for (key, document) in found {
        let endpoint: Endpoint = document.read(&key)?;
        if !endpoint.is_deleted() {
            endpoints.push(endpoint);
        }
    }
    Ok(endpoints)
}

#[cfg(test)]
mod tests;
