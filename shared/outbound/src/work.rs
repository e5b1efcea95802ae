//! A service's own work queue: each message has a body and a delay.

use crate::QueueError;
use async_trait::async_trait;
use std::time::Duration;

/// The longest delay of a message.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// A message for a work queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What to do, in the form that its consumer reads.
    pub body: String,
    /// How long the queue delays the message; whole seconds, at most [`LONGEST_DELAY`].
    pub delay: Duration,
    /// The group of a fair queue, in which one group's backlog does not delay the others.
    pub group: String,
}

/// Sends messages to one work queue.
#[async_trait]
pub trait WorkQueue: Send + Sync {
    /// Sends a message, at least once: if the answer is lost, the message may be in the queue nevertheless.
    async fn send(&self, work: &Work) -> Result<(), QueueError>;
}
