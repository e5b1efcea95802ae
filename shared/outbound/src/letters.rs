//! A dead-letter queue, as an operator's command works with it. A queue shows a message only by handing it over: a letter that is
//! taken is hidden from every other reader until it is released, deleted, or its hold ends.
//!
//! Taking a letter changes nothing else: its age counts from when it was sent, and a dead-letter queue never moves a letter on,
//! however often it is taken. To send a letter's body to its original queue, use a [`WorkQueue`](crate::WorkQueue).

use crate::QueueError;
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// The most letters that one call takes.
pub const MOST_AT_ONCE: usize = 10;

/// A letter that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its id, the same each time it is taken.
    pub id: String,
    /// The handle to release or delete it; it changes each time the letter is taken.
    pub receipt: String,
    /// The message as it was received. It may hold anything, also personal data.
    pub body: String,
    /// The id that the message had before, as the log lines of its function name it; `None` if no function of ours dead-lettered it.
    pub message_id: Option<String>,
    /// When the message was dead-lettered; if its queue moved it here, when it was first sent.
    pub since: Option<Timestamp>,
    /// What dead-lettered the message.
    pub dead_lettered_by: DeadLetteredBy,
}

/// What dead-lettered a message, as far as the letter's attributes show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetteredBy {
    /// One of our functions.
    Function {
        /// Its name.
        name: String,
        /// Its reason, for the operator.
        reason: String,
    },
    /// Its queue: the message was received too often.
    Queue,
    /// The topic, which could not deliver the message to its queue.
    Topic {
        /// The topic's own reason.
        reason: String,
    },
    /// The attributes do not show it.
    Unknown,
}

/// A dead-letter queue.
#[async_trait]
pub trait DeadLetterQueue: Send + Sync {
    /// Takes letters, in no order: at most `most` and at most [`MOST_AT_ONCE`]. They are hidden from other readers for `hold`
    /// (whole seconds). An empty list means that no letter is visible.
    async fn take(&self, most: usize, hold: Duration) -> Result<Vec<Letter>, QueueError>;

    /// Makes letters visible again at once. Letters that were deleted meanwhile are ignored.
    async fn release(&self, receipts: &[String]) -> Result<(), QueueError>;

    /// Deletes a letter permanently. Deleting it twice is not an error.
    async fn delete(&self, receipt: &str) -> Result<(), QueueError>;
}
