//! The port to numbers that must never go below zero, moved together with the event that speaks of the move.
//!
//! This is the one exception to "a step is one write": allocating n SKUs is one transaction of n conditional
//! moves and the event, all or nothing. At most 99 moves: DynamoDB admits 100 actions in a transaction.

use crate::{Document, Key, StoreError, StreamId};
use async_trait::async_trait;
use events::Envelope;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The numbers at one key, and how often they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// By name. A name that is missing counts zero.
    pub values: BTreeMap<&'static str, i64>,
    /// Grows by one with every write.
    pub version: u64,
}

impl Counts {
    /// The number of that name.
    pub fn get(&self, name: &str) -> i64 {
        self.values.get(name).copied().unwrap_or(0)
    }
}

/// A change of the numbers at one key. Refused if any of them would go below zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Whose numbers.
    pub key: Key,
    /// By how much each one changes.
    pub changes: Vec<(&'static str, i64)>,
}

/// What is written together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// An event appended at its place.
    pub event: Option<(StreamId, Envelope)>,
    /// A document that must not be there yet.
    pub document: Option<(Key, Document)>,
    /// The moves, each of another key.
    pub moves: Vec<Move>,
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The event's place, or the document's, is taken: read again, decide again.
    #[error("the place of the event or document is taken")]
    Conflict,
    /// These keys' numbers would have gone below zero.
    #[error("{} numbers would have gone below zero", .0.len())]
    Short(Vec<Key>),
    /// The table's own failure. A conflict between transactions is one of these: it says nothing about the numbers.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The numbers of one table. Reads are strongly consistent.
#[async_trait]
pub trait Counters: Send + Sync {
    /// The numbers at a key; `None` where none were ever written.
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError>;

    /// Sets numbers, on the condition that the version is still `expected` (`None`: that there are none).
    /// `false`: somebody was first, and nothing was written.
    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError>;

    /// Adds one to a number that is forgotten after `expires_at`, and answers what it is then.
    async fn count_up(&self, key: &Key, expires_at: Timestamp) -> Result<u64, StoreError>;

    /// Writes everything, or nothing.
    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError>;
}
