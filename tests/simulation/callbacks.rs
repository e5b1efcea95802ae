//! The functions of callbacks in the world, as they are deployed, and the queue of deliveries, which holds back what is
//! not due yet.

use super::chance::Chance;
use super::mailroom::{Mailroom, Posted};
use super::world::World;
use async_trait::async_trait;
use callbacks::{DeliverWebhook, Lanes, ManageCallbacks, Pace, PlanDeliveries, ScheduleCallbacks};
use event_store::Pages;
use jiff::Timestamp;
use outbound::{Networks, QueueError, Work, WorkQueue};
use resilience::{Clock, RandomJitter};
use runtime::http::Endpoint;
use runtime::queue::Handler;
use runtime::schedule::Task;
use std::sync::Arc;
use std::time::Duration;
use testkit::{FixedNames, Gated};

pub(super) const PLAN: &str = "plan-deliveries";
pub(super) const DELIVER: &str = "deliver-webhook";
/// Every route about endpoints and what was delivered to them.
pub(super) const ENDPOINTS: &str = "ANY /webhook-endpoints";

const PACE: Pace = Pace { call_within: Duration::from_secs(30) };
const CALLS_AT_ONCE: usize = 2;

impl World {
    pub(super) fn plan_deliveries(&self) -> Arc<dyn Handler> {
        Arc::new(PlanDeliveries {
            documents: Gated::new(self.gate(), self.callbacks.clone()),
            work: self.deliveries(),
            clock: self.clock(),
            pace: PACE,
        })
    }

    /// One process: the lines in which calls to an endpoint stand are its own.
    pub(super) fn deliver_webhook(&self) -> Arc<dyn Handler> {
        Arc::new(DeliverWebhook {
            documents: Gated::new(self.gate(), self.callbacks.clone()),
            work: self.deliveries(),
            transport: Gated::new(self.gate(), self.receivers.clone()),
            clock: self.clock(),
            jitter: Arc::new(RandomJitter),
            pace: PACE,
            lanes: Lanes::of(CALLS_AT_ONCE),
        })
    }

    pub(super) fn schedule_callbacks(&self) -> Arc<dyn Task> {
        Arc::new(ScheduleCallbacks {
            documents: Gated::new(self.gate(), self.callbacks.clone()),
            pending_by_time: self.index_of_callbacks("pending_shard", "overdue_at"),
            work: self.deliveries(),
            clock: self.clock(),
            pace: PACE,
        })
    }

    pub(super) fn manage_callbacks(&self) -> Arc<dyn Endpoint> {
        Arc::new(ManageCallbacks {
            documents: Gated::new(self.gate(), self.callbacks.clone()),
            deliveries_by_time: self.index_of_callbacks("endpoint", "created_at"),
            work: self.deliveries(),
            names: Gated::new(self.gate(), Arc::new(FixedNames::default())),
            random: Arc::new(self.chance.clone()),
            clock: self.clock(),
            networks: Networks::Public,
            pace: PACE,
        })
    }

    fn index_of_callbacks(&self, partition: &'static str, order: &'static str) -> Arc<dyn Pages> {
        Gated::new(self.gate(), Arc::new(self.callbacks.index(partition, order)))
    }

    fn deliveries(&self) -> Arc<dyn WorkQueue> {
        let (mailroom, clock, chance) = (self.mailroom.clone(), self.clock(), self.chance.clone());
        Gated::new(self.gate(), Arc::new(Deliveries { mailroom, clock, chance }))
    }
}

impl callbacks::RandomBytes for Chance {
    fn bytes(&self) -> Option<[u8; 32]> {
        Some(std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap_or_default()))
    }
}

/// The way into the delivery queue.
struct Deliveries {
    mailroom: Arc<Mailroom>,
    clock: Arc<dyn Clock>,
    chance: Chance,
}

#[async_trait]
impl WorkQueue for Deliveries {
    async fn send(&self, work: &Work) -> Result<(), QueueError> {
        let late = if self.chance.fault("delivery's message minutes late", 10) {
            Duration::from_mins(1 + self.chance.below(25) as u64)
        } else {
            Duration::from_millis(self.chance.below(300) as u64)
        };
        let sent_at = self.clock.now();
        let ready_at = sent_at.saturating_add(work.delay + late).unwrap_or(Timestamp::MAX);
        self.mailroom.post(Posted { queue: DELIVER, body: work.body.as_str().into(), sent_at, ready_at });
        Ok(())
    }
}
