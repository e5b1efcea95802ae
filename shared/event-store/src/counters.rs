//! The port to stock counters: numbers that must never go below zero, changed together with the event that reports it.
//!
//! This is the one exception to "a step is one conditional write": to allocate n SKUs is one transaction of n
//! conditional moves and the event, all or nothing. A transaction has at most 99 moves: DynamoDB allows 100 actions.

use crate::limits::{check_document, check_event, check_key};
use crate::{Document, Key, StoreError, StreamId};
use async_trait::async_trait;
use events::Envelope;
use std::collections::BTreeMap;

/// The numbers stored at one key, and how often they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Every stored number by its name, except the version. A number that is missing counts as zero.
    pub values: BTreeMap<String, i64>,
    /// Grows by one with each `set` and each move that changes a number.
    pub version: u64,
}

impl Counts {
    /// The number with this name, or zero.
    pub fn get(&self, name: &str) -> i64 {
        self.values.get(name).copied().unwrap_or(0)
    }

    /// Whether the conditions of a move hold.
    pub(crate) fn meets(&self, only_if: &[(&'static str, i64)]) -> bool {
        let version = i64::try_from(self.version).unwrap_or(i64::MAX);
        only_if.iter().all(|(name, value)| *value == if *name == VERSION { version } else { self.get(name) })
    }
}

/// The name of the version in the conditions of a [`Move`].
pub const VERSION: &str = "version";

/// A change of the numbers at one key. It is refused if a number that it lowers would go below zero, or if one of its
/// conditions does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Where the numbers are stored.
    pub key: Key,
    /// The names and what to add to each number; negative to lower it. If there are none, the move only checks its conditions.
    pub changes: Vec<(&'static str, i64)>,
    /// Numbers that must be exactly these before the move; also the [`VERSION`]. What was never written is zero.
    pub only_if: Vec<(&'static str, i64)>,
}

impl Move {
    /// A move without conditions of its own.
    pub fn new(key: Key, changes: Vec<(&'static str, i64)>) -> Self {
        Self { key, changes, only_if: Vec::new() }
    }
}

/// Writes that happen together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// An event to append at its place in its stream.
    pub event: Option<(StreamId, Envelope)>,
    /// A document to write; its key must be free.
    pub document: Option<(Key, Document)>,
    /// The moves, each of a different key.
    pub moves: Vec<Move>,
}

impl Transaction {
    /// Whether the table can hold what the transaction writes.
    pub fn check(&self) -> Result<(), StoreError> {
        if let Some((stream, envelope)) = &self.event {
            check_event(stream, envelope)?;
        }
        if let Some((key, document)) = &self.document {
            check_document(key, document)?;
        }
        self.moves.iter().try_for_each(|one| check_key(&one.key))
    }
}

/// Why a transaction wrote nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The event's place or the document's key is taken: read again and decide again.
    #[error("the place of the event or the key of the document is taken")]
    Conflict,
    /// The moves of these keys were refused; each with the numbers that are stored there.
    #[error("{} moves were refused", .0.len())]
    Refused(Vec<(Key, Counts)>),
    /// The table failed. A conflict with another transaction is reported this way too: it proves nothing about the
    /// numbers, so the caller retries.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The counters of one table. Reads are strongly consistent.
#[async_trait]
pub trait Counters: Send + Sync {
    /// All numbers at a key; `None` if nothing was ever written there.
    async fn counts(&self, key: &Key) -> Result<Option<Counts>, StoreError>;

    /// Replaces the numbers at a key if its version is still `expected` (`None`: if the key is free). `false`: the
    /// version is another, and nothing was written.
    async fn set(
        &self,
        key: &Key,
        expected: Option<u64>,
        values: &[(&'static str, i64)],
    ) -> Result<bool, StoreError>;

    /// Performs all writes of the transaction, or none.
    async fn commit(&self, transaction: &Transaction) -> Result<(), TransactionError>;
}
