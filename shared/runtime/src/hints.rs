//! Queues of hints: messages that no one misses after a few minutes, because what they hint at is read anyway. A hint that is given
//! up or rejected is dropped, where another message is dead-lettered.

use crate::Settings;
use crate::letters::LetterRecords;
use crate::queue::{Handler, Worker};
use async_trait::async_trait;
use outbound::{DeadLetter, Queue, QueueError};
use resilience::SystemClock;
use std::sync::Arc;
use std::time::Duration;

/// A queue of hints.
pub struct Hints(pub Arc<dyn Queue>);

#[async_trait]
impl Queue for Hints {
    async fn retry_after(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        self.0.retry_after(receipt, wait).await
    }

    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        tracing::error!(reason = letter.reason, message.id = letter.message_id, "the hint is dropped");
        Ok(())
    }
}

impl Worker {
    /// A worker of a queue of hints. Reads `QUEUE_URL` and `GIVE_UP_AFTER_SECONDS`; `queue` makes the adapter of the URL.
    pub fn of_hints(
        settings: &mut Settings,
        function: &'static str,
        queue: impl FnOnce(&str) -> Arc<dyn Queue>,
        consumer: impl Handler + 'static,
    ) -> Self {
        Self {
            function,
            queue: Arc::new(Hints(queue(&settings.text("QUEUE_URL")))),
            clock: Arc::new(SystemClock),
            give_up_after: Duration::from_secs(settings.required("GIVE_UP_AFTER_SECONDS")),
            consumer: Arc::new(consumer),
            records: LetterRecords::default(),
        }
    }
}
