//! A table in which some events are not readable, as the scan of an operator's function sees it.

use async_trait::async_trait;
use event_store::{EventScan, Key, Scanned, StoreError, StreamId};
use events::EventId;
use std::sync::Arc;

/// Scans another table, of which these events are damaged.
pub struct DamagedScan {
    /// The table.
    pub of: Arc<dyn EventScan>,
    /// The events that are not readable.
    pub damaged: Vec<EventId>,
}

#[async_trait]
impl EventScan for DamagedScan {
    async fn scan(&self, position: Option<&Key>, limit: u32) -> Result<Scanned, StoreError> {
        let mut scanned = self.of.scan(position, limit).await?;
        let (damaged, events) =
            scanned.events.into_iter().partition(|envelope| self.damaged.contains(&envelope.id));
        scanned.events = events;
        let damaged: Vec<events::Envelope> = damaged;
        scanned.unreadable.extend(damaged.iter().filter_map(|envelope| {
            StreamId::of(envelope).ok().map(|stream| Key::of_event(&stream, envelope))
        }));
        Ok(scanned)
    }
}
