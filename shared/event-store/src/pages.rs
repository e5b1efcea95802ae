//! The port to an index: documents by a partition and an order of their own, a page at a time.
//!
//! Indexes lag behind the table. What must be right is decided from a stream, never from a page.

use crate::{Document, Key, StoreError};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Where a page ended. It names a place and nothing else, so that it can be handed to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Partition key of the last document.
    pub pk: String,
    /// Sort key of the last document.
    pub sk: String,
    /// Its place in the index's order.
    pub order: String,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The documents in order.
    pub documents: Vec<(Key, Document)>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Position>,
}

/// From which end a partition is read, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk<'a> {
    /// In the index's order, to its end.
    Forward,
    /// Against it, to its beginning.
    Backward,
    /// In the index's order, up to and with this place.
    UpTo(&'a str),
}

/// An index over one table's documents. One that keeps keys alone gives documents whose content is `null`.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Up to `limit` documents of `partition`, after `position`, on this walk. A page may be empty and yet have
    /// a next one.
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError>;
}
