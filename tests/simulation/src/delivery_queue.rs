//! The delivery queue of callbacks: a message becomes visible only after its delay, and now and then minutes later.

use super::chance::Chance;
use super::queues::{NewMessage, Queues};
use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{QueueError, Work, WorkQueue};
use resilience::Clock;
use std::sync::Arc;
use std::time::Duration;

pub(super) use steps::{DELIVER_WEBHOOK as DELIVER, PLAN_DELIVERIES as PLAN};

/// Every route about endpoints and the deliveries to them.
pub(super) const ENDPOINTS: &str = "ANY /webhook-endpoints";

impl callbacks::RandomBytes for Chance {
    fn bytes(&self) -> Option<[u8; 32]> {
        Some(std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap_or_default()))
    }
}

/// The sending side of the delivery queue.
pub(super) struct DeliveryQueue {
    pub(super) queues: Arc<Queues>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Chance,
}

#[async_trait]
impl WorkQueue for DeliveryQueue {
    async fn send(&self, work: &Work) -> Result<(), QueueError> {
        let late = if self.chance.fault("delivery's message minutes late", 10) {
            Duration::from_mins(1 + self.chance.below(25) as u64)
        } else {
            Duration::from_millis(self.chance.below(300) as u64)
        };
        let sent_at = self.clock.now();
        let visible_at = sent_at.saturating_add(work.delay + late).unwrap_or(Timestamp::MAX);
        let body = work.body.as_str().into();
        self.queues.send(NewMessage { queue: DELIVER, body, sent_at, visible_at });
        Ok(())
    }
}
