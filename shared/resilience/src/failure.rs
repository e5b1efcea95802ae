//! A failure says what happens next.

use std::fmt;
use std::time::Duration;

/// Why a message was not handled, and what its runner does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Transient: the message comes back, later each time.
    Retry {
        /// What happened, for a person; no secrets, nothing personal.
        reason: String,
        /// When the other side said to come back, if it did.
        after: Option<Duration>,
    },
    /// Permanent: the message goes straight to the dead-letter queue, with the reason as an attribute.
    Reject {
        /// What happened and what to do, for a person; no secrets, nothing personal.
        reason: String,
    },
}

impl Failure {
    /// A transient failure.
    pub fn retry(reason: impl fmt::Display) -> Self {
        Self::Retry { reason: reason.to_string(), after: None }
    }

    /// A transient failure of which the other side said when to come back.
    pub fn retry_after(reason: impl fmt::Display, after: Duration) -> Self {
        Self::Retry { reason: reason.to_string(), after: Some(after) }
    }

    /// A permanent failure.
    pub fn reject(reason: impl fmt::Display) -> Self {
        Self::Reject { reason: reason.to_string() }
    }

    /// What happened.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. } | Self::Reject { reason } => reason,
        }
    }

    /// The same failure, with what was being done put before its reason.
    #[must_use]
    pub fn during(self, doing: impl fmt::Display) -> Self {
        match self {
            Self::Retry { reason, after } => {
                Self::Retry { reason: format!("failed to {doing}: {reason}"), after }
            }
            Self::Reject { reason } => Self::Reject { reason: format!("failed to {doing}: {reason}") },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Failure {}
