//! A queue of work that a service gives to itself: a body, and when it is to come.

use crate::QueueError;
use async_trait::async_trait;
use std::time::Duration;

/// The longest that a queue holds a message back.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What to do, as its consumer reads it.
    pub body: String,
    /// How long the queue holds it back; whole seconds, at most [`LONGEST_DELAY`].
    pub delay: Duration,
    /// Whose it is: a queue that is fair does not let one group's backlog hold up the others.
    pub group: String,
}

/// Puts work into one queue.
#[async_trait]
pub trait WorkQueue: Send + Sync {
    /// Sends it. At least once: an answer that was lost may leave it there.
    async fn send(&self, work: &Work) -> Result<(), QueueError>;
}
