//! The batches that a stream reader could not take, as their event source stored them, and the way to hand one to its reader.

use async_trait::async_trait;

/// Where a batch is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    /// The bucket.
    pub bucket: String,
    /// The object's key.
    pub object: String,
}

/// The store or the function did not answer, or refused the call.
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

/// Functions by their name in the stack (`publish-events`).
#[async_trait]
pub trait Functions: Send + Sync {
    /// Invokes a function with this JSON, and waits for its end; `Ok` only if it succeeded.
    async fn invoke(&self, function: &str, payload: &str) -> Result<(), BatchError>;

    /// The same, with the function's answer, which is JSON.
    async fn ask(&self, function: &str, payload: &str) -> Result<String, NotAnswered>;
}

/// Why a function gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswered {
    /// It ended with an error of its own, for example because it refused its input.
    #[error("{0}")]
    Failed(String),
    /// It was not reached, or did not end in time; what it did is unknown.
    #[error("{0}")]
    Unclear(String),
}
