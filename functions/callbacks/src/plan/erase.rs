//! The erasure of an order's personal data in deliveries: their bodies keep their ids, without codes and texts.
//!
//! Both sides write first and read afterwards: an erasure leaves its mark and then looks for deliveries, a plan writes its
//! delivery and then looks for the mark. So one of them finds a delivery that is planned late. Only a body with personal data is
//! looked after.

use super::PlanDeliveries;
use crate::delivery::{Delivery, KEPT_FOR};
use crate::endpoint::Endpoint;
use crate::outgoing::ids_up_to;
use crate::retry::later;
use crate::store;
use event_store::{Document, Key};
use events::{Envelope, OrderId};
use futures_util::future::try_join_all;
use resilience::Failure;

/// How many deliveries are changed at once.
const AT_ONCE: usize = 10;

/// The mark of an erased order. It stays as long as a delivery.
fn mark(order: &str) -> Key {
    Key::new(format!("order#{order}"), "erased")
}

impl PlanDeliveries {
    /// After `CustomerErasureRequested`.
    pub(super) async fn erase(&self, envelope: &Envelope) -> Result<(), Failure> {
        let order = OrderId::try_from(envelope.subject.as_str()).map_err(Failure::reject)?;
        // From the request on, so that a replay changes nothing.
        let until = later(envelope.time, KEPT_FOR);
        self.documents.put(&mark(order.as_str()), &Document::erased().until(until)).await?;
        let ids = ids_up_to(&order, envelope.sequence);
        for (key, document) in self.documents.list(store::ENDPOINTS, "endpoint#").await? {
            let endpoint: Endpoint = document.read(&key)?;
            for ids in ids.chunks(AT_ONCE) {
                try_join_all(ids.iter().map(|id| self.erase_delivery(&endpoint.id, id))).await?;
            }
        }
        Ok(())
    }

    /// Erases a delivery that is planned, if its order was erased meanwhile.
    pub(super) async fn erase_if_marked(&self, delivery: &Delivery, order: &str) -> Result<(), Failure> {
        if delivery.erased().is_some() && self.documents.get(&mark(order)).await?.is_some() {
            self.erase_delivery(&delivery.endpoint, &delivery.id).await?;
        }
        Ok(())
    }

    async fn erase_delivery(&self, endpoint: &str, id: &str) -> Result<(), Failure> {
        let key = store::delivery_key(endpoint, id);
        store::change::<Delivery, Failure>(&*self.documents, &*self.clock, &key, |stored| {
            Ok(stored.and_then(Delivery::erased))
        })
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
