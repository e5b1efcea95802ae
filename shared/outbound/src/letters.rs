//! A dead-letter queue, as whoever looks after it meets it. A queue shows nothing that it does not hand over: a letter that
//! is looked at is in hand, hidden from everybody else, until it is given back, deleted, or held for too long.
//!
//! Being taken costs a letter nothing: its age goes on counting from when it was sent, and a dead-letter queue moves no
//! letter on, however often it is taken. Sending a letter's body to the queue that it came from is a
//! [`WorkQueue`](crate::WorkQueue)'s business.

use crate::QueueError;
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// The most letters that one call hands over.
pub const MOST_AT_ONCE: usize = 10;

/// A letter in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its name, the same as long as it lies there.
    pub id: String,
    /// What it is given back or deleted by, from this time in hand alone.
    pub receipt: String,
    /// What was set aside, as it came. It may hold anything, also what is personal.
    pub body: String,
    /// When it was set aside; of one that its queue moved here, when it was first sent.
    pub since: Option<Timestamp>,
    /// Who set it aside.
    pub laid_by: LaidBy,
}

/// Who set a letter aside, as far as the letter itself says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaidBy {
    /// A function of ours, with the reason that it gave.
    Function {
        /// Its name.
        name: String,
        /// Why, for a person.
        reason: String,
    },
    /// Its queue: it was received too often.
    Queue,
    /// The topic, which could not deliver it to its queue.
    Topic {
        /// What the topic says about it.
        reason: String,
    },
    /// It does not say.
    Unsaid,
}

/// A dead-letter queue.
#[async_trait]
pub trait Letters: Send + Sync {
    /// Takes letters in hand, in no order: at most so many and at most [`MOST_AT_ONCE`]. They are hidden from everybody
    /// else for `hold` (whole seconds). None at all means that there is none that is not in some hand.
    async fn take(&self, most: usize, hold: Duration) -> Result<Vec<Letter>, QueueError>;

    /// Gives letters back, so that they can be taken again at once. One that was deleted meanwhile stays so.
    async fn release(&self, receipts: &[String]) -> Result<(), QueueError>;

    /// Deletes a letter for good. Deleting it twice is no error.
    async fn delete(&self, receipt: &str) -> Result<(), QueueError>;
}
