//! `project-orders`: keeps the read model, one view per order, up to date with the streams.
//!
//! - Trigger: new events in orders' table, over its stream.
//! - Effect: the view is the fold of the order's stream, written once for all events of an order in a batch, and not for
//!   events that change nothing in it. Emits no event.
//! - Idempotent by the sequence of the last event: a view that is not newer is not written.
//! - Retry: a table is unavailable. Dead-letter: an order whose stream is unreadable.

use crate::{Deadlines, Order, Summary};
use async_trait::async_trait;
use event_store::{Document, Documents, EventStore, History, Key, StoreError, StreamId};
use events::{Envelope, OrderId, OrdersEvent, ServiceEvent as _};
use resilience::Failure;
use runtime::stream::{Item, Reader, Record};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The step.
pub struct ProjectOrders {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The table of views.
    pub views: Arc<dyn Documents>,
    /// How long an order may go without progress: the view contains the time of its next sweep.
    pub deadlines: Deadlines,
}

#[async_trait]
impl Reader for ProjectOrders {
    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        let orders: BTreeSet<&str> = records
            .iter()
            .filter_map(|record| match &record.item {
                Item::Event(envelope) if is_quiet(envelope) => None,
                Item::Event(envelope) => Some(envelope.subject.as_str()),
                // The copies of prices are in the same table, and have no view.
                Item::Document(_) => None,
            })
            .collect();
        for order in orders {
            self.project(order).await?;
        }
        Ok(())
    }
}

impl ProjectOrders {
    /// Writes the view of an order, unless there is a newer one. Returns whether it was written.
    pub(crate) async fn project(&self, subject: &str) -> Result<bool, Failure> {
        let id = OrderId::try_from(subject).map_err(Failure::reject)?;
        let history = self.store.history::<Order>(&StreamId::order(&id)).await?;
        let (key, document) = self.view(&id, &history)?;
        let newer = self.views.put_newer(&key, &document).await?;
        tracing::info!(order.id = %id, newer, "view written");
        Ok(newer)
    }

    /// The view that an order has after these events, with its key.
    pub(crate) fn view(&self, id: &OrderId, history: &History<Order>) -> Result<(Key, Document), StoreError> {
        let view = Summary::key(id, &history.state).zip(Summary::document(history, id, &self.deadlines));
        view.ok_or_else(|| StoreError::Corrupt {
            pk: format!("order#{id}"),
            sk: "event#000001".to_owned(),
            attribute: "event",
            reason: "the stream does not begin with OrderPlaced".to_owned(),
        })
    }
}

/// Whether the event changes no view. One that cannot be read may change it.
fn is_quiet(envelope: &Envelope) -> bool {
    OrdersEvent::read(envelope).is_ok_and(|event| event.is_quiet())
}

#[cfg(test)]
mod tests;
