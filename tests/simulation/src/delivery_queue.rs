//! The delivery queue of callbacks: a message becomes visible only after its delay, and now and then minutes later. It records
//! each message that is sent twice: a delivery has at most one message that does anything.

use super::chance::Chance;
use super::queues::{NewMessage, Queues};
use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{QueueError, Work, WorkQueue};
use resilience::Clock;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub(super) use steps::{DELIVER_WEBHOOK as DELIVER, PLAN_DELIVERIES as PLAN};

/// Every route about endpoints and the deliveries to them.
pub(super) const ENDPOINTS: &str = "ANY /webhook-endpoints";

impl outbound::RandomBytes for Chance {
    fn bytes(&self) -> Option<[u8; 32]> {
        Some(std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap_or_default()))
    }
}

/// The sending side of the delivery queue.
pub(super) struct DeliveryQueue {
    pub(super) queues: Arc<Queues>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Chance,
    pub(super) sent: Arc<Sent>,
}

/// The bodies of all messages, each of which names a delivery and the message's number, and those that were sent again.
#[derive(Default)]
pub(super) struct Sent(Mutex<(BTreeSet<String>, Vec<String>)>);

impl Sent {
    fn note(&self, body: &str) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !sent.0.insert(body.to_owned()) {
            sent.1.push(body.to_owned());
        }
    }

    pub(super) fn twice(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
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
        self.sent.note(&work.body);
        let body = work.body.as_str().into();
        self.queues.send(NewMessage { queue: DELIVER, body, sent_at, visible_at });
        Ok(())
    }
}
