//! A service's topic, to which its events are published.

use async_trait::async_trait;

/// One message for a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The envelope's JSON.
    pub body: String,
    /// Message attribute `type`.
    pub event_type: String,
    /// Message attribute `status`, for `OrderUpdated`.
    pub status: Option<String>,
}

/// The topic did not accept every message. Which ones is not reported: the whole batch is published again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The topic did not answer, or refused some messages for now.
    #[error("the topic did not accept {failed} of {of} messages: {reason}")]
    Unavailable {
        /// How many were not accepted.
        failed: usize,
        /// Of how many.
        of: usize,
        /// The reason of the first refusal.
        reason: String,
    },
}

/// Publishes to one topic.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Publishes all messages, in batches of the platform's size; `Ok` only if every message was accepted.
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError>;
}
