//! What can go wrong between a step and its table.

use resilience::Failure;

/// The table did not answer, or holds something that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out, out of reach: nothing is known about the effect, and the call can be repeated.
    #[error("the table did not answer: {0}")]
    Unavailable(String),
    /// The call was refused, and would be again: a missing permission, a wrong key.
    #[error("the table refused the call: {0}")]
    Refused(String),
    /// An item is not of the shape that we write.
    #[error("the item {pk} / {sk} has no sound attribute {attribute}: {reason}")]
    Corrupt {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// The attribute that makes no sense.
        attribute: &'static str,
        /// What is wrong with it, without its value.
        reason: String,
    },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            // A refusal is ours to mend (a grant, a table's name): the message waits until it is.
            StoreError::Unavailable(_) | StoreError::Refused(_) => Self::retry(error),
            StoreError::Corrupt { .. } => Self::reject(error),
        }
    }
}

/// Why an event was not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another event stands at its place: read again, decide again.
    #[error("another event stands at this place of the stream")]
    Conflict,
    /// The table's own failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}
