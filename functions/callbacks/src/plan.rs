//! `plan-deliveries`: who wants to be called about an event.
//!
//! - Trigger: `OrderPlaced`, `OrderUpdated`.
//! - Effect: for each enabled endpoint that wants the type, a delivery (`endpoint#<id>` / `delivery#<webhook id>`), and
//!   a message about its first attempt in the delivery queue. The write comes first: a message that is lost is found
//!   by `schedule-callbacks`.
//! - Events said: none.
//! - Idempotent by the delivery's key, which is made from the event's id: a repeat finds it there, and sends a message
//!   only while no attempt is recorded.
//! - Retry: the table or the queue is out.
//! - Reject: an event that was not subscribed to.

use crate::delivery::Delivery;
use crate::endpoint::Endpoint;
use crate::errand::{self, Pace};
use crate::outgoing::{Outgoing, outgoing};
use crate::store;
use async_trait::async_trait;
use event_store::{Documents, StoreError};
use futures_util::future::try_join_all;
use outbound::WorkQueue;
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message};
use std::sync::Arc;

/// The step of `plan-deliveries`.
pub struct PlanDeliveries {
    /// Endpoints and deliveries.
    pub documents: Arc<dyn Documents>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How long things take.
    pub pace: Pace,
}

#[async_trait]
impl Consumer for PlanDeliveries {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let messages = outgoing(&message.envelope, &message.event)?;
        let endpoints = all_endpoints(&*self.documents).await?;
        let plans = endpoints.iter().flat_map(|endpoint| {
            let wanted = messages.iter().filter(|message| endpoint.wants(message.kind));
            wanted.map(|message| self.plan(endpoint, message.clone()))
        });
        try_join_all(plans).await?;
        Ok(())
    }
}

impl PlanDeliveries {
    async fn plan(&self, endpoint: &Endpoint, message: Outgoing) -> Result<(), Failure> {
        let now = self.clock.now();
        let key = store::delivery_key(&endpoint.id, &message.id);
        let planned = Delivery::new(&endpoint.id, message, now, self.pace);
        let changed = store::change::<Delivery, Failure>(&*self.documents, &*self.clock, &key, |there| {
            Ok(there.is_none().then(|| planned.clone()))
        });
        match changed.await?.now() {
            Some(delivery) if delivery.attempted == 0 => {
                errand::send(&*self.work, &delivery, now).await.map_err(Failure::retry)
            }
            _ => Ok(()),
        }
    }
}

/// Every endpoint that was not deleted, by id.
pub(crate) async fn all_endpoints(documents: &dyn Documents) -> Result<Vec<Endpoint>, StoreError> {
    let found = documents.list(store::ENDPOINTS, "endpoint#").await?;
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
