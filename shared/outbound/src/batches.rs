//! The batches that a stream reader could not take, as their event source stored them.

use async_trait::async_trait;

/// Where a batch is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub object: String,
}

/// The store did not answer, or refused the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BatchError(pub String);

/// The store of batches.
#[async_trait]
pub trait BatchStore: Send + Sync {
    /// The whole text of a stored batch; `None` if there is none.
    async fn read(&self, batch: &StoredBatch) -> Result<Option<String>, BatchError>;

    /// Deletes a stored batch. Deleting it twice is not an error.
    async fn delete(&self, batch: &StoredBatch) -> Result<(), BatchError>;
}
