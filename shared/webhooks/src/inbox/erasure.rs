//! The erasure of inbox items: the webhooks that led to events of an order, and those that were parked for it.
//!
//! An erased item keeps its key, its time and its expiry, and has no body and no headers: so the sender's duplicate is still
//! recognized, and a replay of it applies nothing. A webhook that changed nothing names no order that we store; it is deleted
//! when it expires.

use super::reader::{PARKED, Parked};
use super::{INDEX_ATTRIBUTE, InboxItem, ORDER_ATTRIBUTE, forgotten_at, key, place_in_order};
use event_store::{Document, Documents, StoreError};
use events::Envelope;

impl InboxItem {
    /// Whether its body was erased.
    pub fn is_erased(&self) -> bool {
        self.body.is_empty()
    }

    fn erased(self) -> Self {
        Self { headers: [].into(), body: String::new(), ..self }
    }
}

/// Erases the webhooks that these events name as their cause: `<prefix><source>/<event id>`.
pub async fn erase_causes(
    documents: &dyn Documents,
    sources: &[&str],
    prefix: &str,
    envelopes: &[Envelope],
) -> Result<(), StoreError> {
    for envelope in envelopes {
        let cause = envelope.causationid.as_str().strip_prefix(prefix);
        let Some((source, event_id)) = cause.and_then(|cause| cause.split_once('/')) else { continue };
        if sources.contains(&source) {
            erase(documents, source, event_id).await?;
        }
    }
    Ok(())
}

/// Erases the webhooks that are parked in this partition, and their pointers. A pointer without a source is of `first`.
pub async fn erase_parked(documents: &dyn Documents, partition: &str, first: &str) -> Result<(), StoreError> {
    for (pointer, document) in documents.list(partition, PARKED).await? {
        let Parked { event_id, source } = document.read(&pointer)?;
        erase(documents, source.as_deref().unwrap_or(first), &event_id).await?;
        documents.delete(&pointer).await?;
    }
    Ok(())
}

async fn erase(documents: &dyn Documents, source: &str, event_id: &str) -> Result<(), StoreError> {
    let key = key(source, event_id);
    let Some(document) = documents.get(&key).await? else { return Ok(()) };
    let item: InboxItem = document.read(&key)?;
    if item.is_erased() {
        return Ok(());
    }
    let received_at = item.received_at;
    let erased = Document::of(&item.erased())
        .until(forgotten_at(received_at))
        .with(INDEX_ATTRIBUTE, source)
        .with(ORDER_ATTRIBUTE, place_in_order(received_at));
    documents.put(&key, &erased).await
}

#[cfg(test)]
mod tests;
