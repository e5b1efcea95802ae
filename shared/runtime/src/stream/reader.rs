//! What a function does with the new items of a table, and how many of them one call takes.

use super::Record;
use async_trait::async_trait;
use resilience::Failure;

/// What one call of a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Records of one partition key, oldest first. A record waits while an older one of its key is retried.
    OneKey,
    /// All records of a batch. None waits for another.
    Batch,
}

/// What a function does with new items.
#[async_trait]
pub trait Reader: Send + Sync {
    /// What one call takes.
    fn takes(&self) -> Takes {
        Takes::OneKey
    }

    /// Handles these records, oldest first. After a failure each is handled again alone, so handling a record twice must be
    /// harmless. `Reject`: one of them can never be handled.
    async fn read(&self, records: &[Record]) -> Result<(), Failure>;
}
