//! The port to lists: the documents of a partition in order, a page at a time. Mostly those of an index, by another partition
//! and order than the table's.
//!
//! An index is eventually consistent. A decision reads the stream, never a page.

use crate::{Document, Key, StoreError};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Where a page ended. It holds keys only and no content, so a client may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Partition key of the last document.
    pub pk: String,
    /// Sort key of the last document.
    pub sk: String,
    /// The last document's value of the index's sort attribute.
    pub order: String,
}

/// One page of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The documents in order.
    pub documents: Vec<(Key, Document)>,
    /// Where the next page begins; `None` if this is the last one.
    pub next: Option<Position>,
}

/// In which direction a partition is read, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk<'a> {
    /// In the index's order, to the end.
    Forward,
    /// In reverse order, to the beginning.
    Backward,
    /// In the index's order, up to and including this value of the sort attribute.
    UpTo(&'a str),
    /// In reverse order, from below this value of the sort attribute to the beginning. One value continues a list over several
    /// partitions, where a position is of one.
    Below(&'a str),
}

/// An index over one table's documents. If it holds keys only, the content of its documents is `null`.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Reads up to `limit` documents of `partition` after `position`. A page may be empty and still have a next one.
    async fn page(
        &self,
        partition: &str,
        walk: Walk<'_>,
        limit: u32,
        position: Option<&Position>,
    ) -> Result<Page, StoreError>;

    /// Reads a whole partition in order, `at_once` documents at a time. For one that is small.
    async fn all(&self, partition: &str, at_once: u32) -> Result<Vec<(Key, Document)>, StoreError> {
        let (mut found, mut position) = (Vec::new(), None);
        loop {
            let page = self.page(partition, Walk::Forward, at_once, position.as_ref()).await?;
            found.extend(page.documents);
            position = page.next;
            if position.is_none() {
                return Ok(found);
            }
        }
    }
}
