//! `project-orders`: keeps the read model, one view per order, up to date with the streams.
//!
//! - Trigger: new events in orders' table, over its stream.
//! - Effect: the view is the fold of the order's stream, written once for all events of an order in a batch, and not for
//!   events that change nothing in it. Then one look-up item for each [`Term`] that an event of the batch is the first to give.
//!   Otherwise it emits no event.
//! - `CustomerErasureRequested`: erases what orders holds of the order's personal data (`erase.rs` beside this file), and emits
//!   `OrderDataErased`.
//! - Idempotent: a view that is not newer than the stored one is not written, and a look-up item is the same each time.
//! - Retry: a table or the key of the hash of emails is unavailable. Dead-letter: an order whose stream is unreadable.

mod erase;

use crate::{Deadlines, EmailKey, Order, Summary, Term};
use async_trait::async_trait;
use event_store::{
    Document, Documents, EventStore, FIRST_EVENT, History, Key, Redaction, StoreError, StreamId,
};
use events::{Cause, Envelope, OrderId, OrdersEvent, Sequence, ServiceEvent as _};
use futures_util::future::try_join_all;
use resilience::{Clock, Failure};
use runtime::stream::{Item, Reader, Record};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The step.
pub struct ProjectOrders {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The table of views.
    pub views: Arc<dyn Documents>,
    /// How long an order may go without progress: the view contains the time of its next sweep.
    pub deadlines: Deadlines,
    /// The key of the hash of emails.
    pub email_key: EmailKey,
    /// Redacts the events of an order that is erased.
    pub redaction: Arc<dyn Redaction>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the events of a batch change about one order.
#[derive(Default)]
struct News {
    /// Whether they change its view.
    view: bool,
    /// The events that can give a term.
    terms: Vec<Sequence>,
    /// The request to erase its personal data.
    erasure: Option<Cause>,
}

impl News {
    fn add(&mut self, envelope: &Envelope) {
        // An event that cannot be read may change everything.
        let event = OrdersEvent::read(envelope).ok();
        self.view |= event.as_ref().is_none_or(|event| !event.is_quiet());
        if event.as_ref().is_none_or(Term::is_given_by) {
            self.terms.push(envelope.sequence);
        }
        if let Some(OrdersEvent::CustomerErasureRequested(_)) = event {
            self.erasure = Some(envelope.as_cause());
        }
    }

    fn is_none(&self) -> bool {
        !self.view && self.terms.is_empty() && self.erasure.is_none()
    }
}

#[async_trait]
impl Reader for ProjectOrders {
    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        let mut orders: BTreeMap<&str, News> = BTreeMap::new();
        for record in records {
            match &record.item {
                Item::Event(envelope) => orders.entry(&envelope.subject).or_default().add(envelope),
                // The copies of prices are in the same table, and have no view.
                Item::Document(_) => {}
            }
        }
        for (order, news) in orders.into_iter().filter(|(_, news)| !news.is_none()) {
            self.project(order, &news).await?;
        }
        Ok(())
    }
}

impl ProjectOrders {
    async fn project(&self, subject: &str, news: &News) -> Result<(), Failure> {
        let id = OrderId::try_from(subject).map_err(Failure::reject)?;
        let history = self.store.history::<Order>(&StreamId::order(&id)).await?;
        let (key, document) = self.view(&id, &history)?;
        if news.view {
            self.put_view(&id, &key, &document).await?;
        }
        // The history says which event gives a term first, so each item is written once, unless its record is delivered again.
        let terms = Term::of(&history, &id).into_iter().filter(|(first, _)| news.terms.contains(first));
        let items = self.look_ups(&id, &key, terms.map(|(_, term)| term).collect()).await?;
        self.make_findable(&id, &items).await?;
        match &news.erasure {
            Some(cause) => self.erase(&id, &history, cause).await,
            None => Ok(()),
        }
    }

    /// Writes a view, unless there is a newer one. Returns whether it was written.
    pub(crate) async fn put_view(&self, id: &OrderId, key: &Key, view: &Document) -> Result<bool, Failure> {
        let newer = self.views.put_newer(key, view).await?;
        tracing::info!(order.id = %id, newer, "view written");
        Ok(newer)
    }

    /// Writes look-up items.
    pub(crate) async fn make_findable(&self, id: &OrderId, items: &[(Key, Document)]) -> Result<(), Failure> {
        if !items.is_empty() {
            try_join_all(items.iter().map(|(key, document)| self.views.put(key, document))).await?;
            tracing::info!(order.id = %id, items = items.len(), "made findable");
        }
        Ok(())
    }

    /// The look-up items of these terms, for an order whose view has this key.
    pub(crate) async fn look_ups(
        &self,
        id: &OrderId,
        view: &Key,
        terms: Vec<Term>,
    ) -> Result<Vec<(Key, Document)>, Failure> {
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let email_key = self.email_key.newest().await.map_err(Failure::retry)?;
        Ok(terms.iter().map(|term| term.item(id, view, &email_key)).collect())
    }

    /// The view that an order has after these events, with its key.
    pub(crate) fn view(&self, id: &OrderId, history: &History<Order>) -> Result<(Key, Document), StoreError> {
        let view = Summary::key(id, &history.state).zip(Summary::document(history, id, &self.deadlines));
        view.ok_or_else(|| StoreError::Corrupt {
            pk: format!("order#{id}"),
            sk: FIRST_EVENT.to_owned(),
            attribute: "event",
            reason: "the stream does not begin with OrderPlaced".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
