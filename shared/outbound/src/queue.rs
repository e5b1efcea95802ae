//! A consumer's queue: beside its response to the platform, a consumer delays the retry of a message, or dead-letters it.

use async_trait::async_trait;
use std::time::Duration;

/// The queue did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue did not answer: {0}")]
pub struct QueueError(pub String);

/// A message to dead-letter, with what the operator needs to decide about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message as it was received; for a stream record, its key as JSON.
    pub body: String,
    /// Why it is dead-lettered, for the operator.
    pub reason: String,
    /// The function that dead-letters it.
    pub function: String,
    /// The id of the message in its queue, or of the record in its stream, as the log lines name it.
    pub message_id: String,
}

/// A consumer's queue and its dead-letter queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Redelivers a message that is being handled only after `wait` (whole seconds, at most 12 hours).
    async fn retry_after(&self, receipt: &str, wait: Duration) -> Result<(), QueueError>;

    /// Sends a message to the dead-letter queue. All but its body become message attributes.
    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError>;
}
