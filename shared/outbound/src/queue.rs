//! What a consumer does to its queue beside answering the platform: put a message off, or set it aside for good.

use async_trait::async_trait;
use std::time::Duration;

/// The queue did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue did not answer: {0}")]
pub struct QueueError(pub String);

/// A message set aside, with what somebody needs to judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message as it came; for a stream record, its keys as JSON.
    pub body: String,
    /// Why it was set aside, for a person.
    pub reason: String,
    /// The function that set it aside.
    pub function: String,
}

/// A consumer's queue and its dead-letter queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Lets a message that is in our hands come back only after `wait` (whole seconds, at most 12 hours).
    async fn put_off(&self, receipt: &str, wait: Duration) -> Result<(), QueueError>;

    /// Puts a message into the dead-letter queue. The reason and function become message attributes.
    async fn set_aside(&self, letter: &DeadLetter) -> Result<(), QueueError>;
}
