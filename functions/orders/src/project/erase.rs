//! The erasure of what orders holds of one order: what it is found by, its place among the customer's views, its events.
//!
//! The order matters: the events name what is to be deleted, so they are redacted last, and a run that stops half way is
//! repeated from the same events. At the view's old key a tombstone stays for a day, so that a sweep or a rebuild that has read
//! the order before does not write the old view again.

use super::ProjectOrders;
use crate::{Order, Summary, Term};
use event_store::{Aggregate as _, Document, History, Key, StreamId, append_decided, erase_stream};
use events::{Cause, OrderId};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use resilience::Failure;

/// How long a tombstone stays at the key of a view: longer than any invocation.
const TOMBSTONE_STAYS: SignedDuration = SignedDuration::from_hours(24);

impl ProjectOrders {
    /// Erases the order, and reports it.
    pub(super) async fn erase(
        &self,
        id: &OrderId,
        history: &History<Order>,
        cause: &Cause,
    ) -> Result<(), Failure> {
        let Some(pseudonym) = history.state.pseudonym() else { return Ok(()) };
        let (key, _) = self.view(id, history)?;
        let number = self.look_ups(id, &key, vec![Term::Number(events::OrderNumber::of(id))]).await?;
        self.make_findable(id, &number).await?;
        self.forget_terms(id, history, &key).await?;
        self.forget_view(history, id, &key).await?;
        let stream = StreamId::order(id);
        erase_stream(&*self.store, &*self.redaction, &stream, pseudonym).await?;
        let decided = append_decided(&*self.store, &stream, cause, &*self.clock, |order: &Order| {
            Ok::<_, Failure>(order.decide_erased())
        })
        .await?;
        // Its view from now on, among those of the pseudonym.
        let (key, view) = self.view(id, &decided.history())?;
        self.put_view(id, &key, &view).await?;
        tracing::info!(order.id = %id, "orders has erased the order's personal data");
        Ok(())
    }

    /// Deletes every look-up item but that of the number, under each key of the hash of emails.
    async fn forget_terms(&self, id: &OrderId, history: &History<Order>, view: &Key) -> Result<(), Failure> {
        let email_keys = self.email_key.all().await.map_err(Failure::retry)?;
        let terms = Term::of_events(&history.envelopes, id);
        let terms = terms.iter().filter(|(_, term)| !matches!(term, Term::Number(_)));
        let keys = terms.flat_map(|(_, term)| email_keys.iter().map(|key| term.item(id, view, key).0));
        let mut keys: Vec<Key> = keys.collect();
        keys.sort();
        keys.dedup();
        try_join_all(keys.iter().map(|key| self.views.delete(key))).await?;
        Ok(())
    }

    /// Replaces the view among those of the customer.
    async fn forget_view(&self, history: &History<Order>, id: &OrderId, new: &Key) -> Result<(), Failure> {
        let first = history.envelopes.get(..1).unwrap_or_default().to_vec();
        let as_placed = History::<Order>::fold(first)?;
        let Some(old) = Summary::key(id, &as_placed.state).filter(|old| old != new) else { return Ok(()) };
        let until = self.clock.now().saturating_add(TOMBSTONE_STAYS).unwrap_or(Timestamp::MAX);
        self.views.put(&old, &Document::erased().versioned(u64::MAX).until(until)).await?;
        Ok(())
    }
}
