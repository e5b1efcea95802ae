//! What can go wrong between a step and its table.

use resilience::Failure;

/// Why a call to the table failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Throttled, timed out or unreachable: the call may have had its effect or not, and can be repeated.
    #[error("the table did not answer: {0}")]
    Unavailable(String),
    /// The call was refused until the operator fixes our side of it: a grant is missing, or a name is wrong.
    #[error("the table refused the call: {0}")]
    Refused(String),
    /// The table can never hold what was to be written or read: a key that is too long, an item that is too large.
    #[error("the table cannot hold this: {0}")]
    Invalid(String),
    /// An item does not have the shape that we write.
    #[error("the item {pk} / {sk} has an invalid attribute {attribute}: {reason}")]
    Corrupt {
        /// The item's partition key.
        pk: String,
        /// The item's sort key.
        sk: String,
        /// The invalid attribute.
        attribute: &'static str,
        /// What is wrong with the attribute, without its value.
        reason: String,
    },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            // The operator can fix a refusal, so the message is retried until then. Data cannot be fixed, so it is rejected.
            StoreError::Unavailable(_) | StoreError::Refused(_) => Self::retry(error),
            StoreError::Invalid(_) | StoreError::Corrupt { .. } => Self::reject(error),
        }
    }
}

/// Why an event was not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another event has its place: read again and decide again.
    #[error("another event has this place in the stream")]
    Conflict,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
