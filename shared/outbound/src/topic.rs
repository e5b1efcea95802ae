//! A service's topic, to which its events are published.

use async_trait::async_trait;
use resilience::Failure;

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

impl Publication {
    /// The bytes that count for the topic's limit: the body and the attributes, with their names and types.
    pub fn bytes(&self) -> usize {
        let attribute = |name: &str, value: &str| name.len() + "String".len() + value.len();
        self.body.len()
            + attribute("type", &self.event_type)
            + self.status.as_deref().map_or(0, |status| attribute("status", status))
    }
}

/// The most bytes that a topic carries in one message or in one batch.
pub const LARGEST_PUBLICATION: usize = 262_144;

/// A message that the topic can never carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeliverable {
    /// Its place among the messages of the call.
    pub place: usize,
    /// Why, for the operator.
    pub reason: String,
}

/// The topic did not accept every message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The topic can never carry these messages, and it accepted all others. The caller dead-letters them and goes on.
    #[error("the topic can never carry {} of the messages: {}", .0.len(), .0.first().map_or("", |one| one.reason.as_str()))]
    Undeliverable(Vec<Undeliverable>),
    /// The topic did not answer, refused some messages for now, or refuses us. Which ones is not reported: all are published
    /// again.
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

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Undeliverable(_) => Self::reject(error),
            PublishError::Unavailable { .. } => Self::retry(error),
        }
    }
}

/// Publishes to one topic.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Publishes all messages, in batches of the platform's size; `Ok` only if every message was accepted. A message that the
    /// topic can never carry does not keep the others from being published.
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError>;
}
