//! The port to the marks of rate limits: one item for each caller, with a mark for each of its limits.
//!
//! A mark is a moment in microseconds since 1970 ([`resilience::hourly`] says what it means). All marks of a request move
//! in one conditional write, or none does. A table cannot compute the larger of two numbers, so the caller says for each
//! mark whether it is ahead of now. If it is wrong, nothing is written, and the marks that are there are returned.

use crate::{Key, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Marks by their names.
pub type Marks = BTreeMap<String, i64>;

/// Where a mark has to be for its move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkIs {
    /// It is missing or not after now. It moves to now and then on.
    Past,
    /// It is not before now, and at most here. It moves on from where it is.
    AheadUpTo(i64),
}

/// A move of one mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkMove {
    /// The name of the mark.
    pub name: &'static str,
    /// Where it has to be.
    pub expected: MarkIs,
    /// How far it moves on.
    pub by: i64,
}

/// What a write of marks did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advance {
    /// All marks moved. The marks of the moves as they are now.
    Done(Marks),
    /// A mark is not where it has to be, and nothing was written. All marks of the item as they are.
    Refused(Marks),
}

/// The marks of one table.
#[async_trait]
pub trait RateMarks: Send + Sync {
    /// Moves all marks of the item, or none. The table may delete the item after `expires_at`.
    async fn advance(
        &self,
        key: &Key,
        now: i64,
        moves: &[MarkMove],
        expires_at: Timestamp,
    ) -> Result<Advance, StoreError>;
}
