//! The port to every event of one table, in the table's own order. An operator's functions use it; no step does, because a
//! scan reads and pays for the whole table.

use crate::{Key, StoreError};
use async_trait::async_trait;
use events::Envelope;

/// What one request of a scan read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The events among the items. Those of a stream are in order, streams are in no order that means anything.
    pub events: Vec<Envelope>,
    /// The keys of the events that are not readable. The scan goes on behind them.
    pub unreadable: Vec<Key>,
    /// How many items were read, events or not.
    pub items: u32,
    /// What the request cost, in half read units: an eventually consistent read takes a half for each 4 KB.
    pub half_units: u64,
    /// Where the next request begins; `None` if this was the last one.
    pub next: Option<Key>,
}

/// The events of one table. A scan is eventually consistent, and need not show what is written while it runs.
#[async_trait]
pub trait EventScan: Send + Sync {
    /// Reads up to `limit` items after the item at `position`, which need not exist any more.
    async fn scan(&self, position: Option<&Key>, limit: u32) -> Result<Scanned, StoreError>;
}
