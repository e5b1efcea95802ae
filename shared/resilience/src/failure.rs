//! A failure decides what happens next to its message: retry it, or dead-letter it.

use std::fmt;
use std::time::Duration;

/// Why a message was not handled, and what the runner does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Transient: the message is retried, after a longer wait each time.
    Retry {
        /// What happened, for people. No secrets, no personal data.
        reason: String,
        /// The wait that the other side asked for, if any.
        after: Option<Duration>,
    },
    /// Permanent: the message is dead-lettered at once, with the reason as an attribute.
    Reject {
        /// What happened and what to do, for people. No secrets, no personal data.
        reason: String,
    },
}

impl Failure {
    /// A transient failure.
    pub fn retry(reason: impl fmt::Display) -> Self {
        Self::Retry { reason: reason.to_string(), after: None }
    }

    /// A transient failure with a wait that the other side asked for.
    pub fn retry_after(reason: impl fmt::Display, after: Duration) -> Self {
        Self::Retry { reason: reason.to_string(), after: Some(after) }
    }

    /// A permanent failure.
    pub fn reject(reason: impl fmt::Display) -> Self {
        Self::Reject { reason: reason.to_string() }
    }

    /// The reason, for people.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. } | Self::Reject { reason } => reason,
        }
    }

    /// Prefixes the reason with what failed: `failed to {doing}: …`.
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

#[cfg(test)]
mod tests;
