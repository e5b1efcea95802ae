//! `schedule-callbacks`: sends overdue deliveries to the queue.
//!
//! - Trigger: a schedule, each minute.
//! - Effect: for each pending delivery that is overdue in the index, its `overdue_at` moves on, it gets a new message number,
//!   and then a job with that number is sent. A delivery is overdue if its wait was too long for the queue, or if its job was
//!   lost. A delivery whose job waits or is under way is not overdue.
//! - Publishes: nothing.
//! - Idempotent by the delivery's state, which is read first: a delivery that is no longer pending is skipped, and an earlier
//!   job does nothing, because its number is not the delivery's.
//! - Retry: a failure at one delivery or index page. The others are handled first; then the invocation fails.

use crate::delivery::{Delivery, SHARDS, partition, schedule_until, sortable};
use crate::delivery_job;
use crate::store::{self, Changed};
use async_trait::async_trait;
use event_store::{Documents, Key, Pages, Position, Walk};
use futures_util::future::join_all;
use jiff::Timestamp;
use outbound::WorkQueue;
use resilience::{Clock, Failure};
use runtime::schedule::Task;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many index entries are read at once.
const PAGE: u32 = 100;

/// The step.
pub struct ScheduleCallbacks {
    /// Deliveries.
    pub documents: Arc<dyn Documents>,
    /// Pending deliveries by the moment at which they are overdue.
    pub pending_by_time: Arc<dyn Pages>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Scheduled {
    sent: u32,
    /// Deliveries that could not be read, written or sent. An index page that could not be read counts as one.
    failed: u32,
}

#[async_trait]
impl Task for ScheduleCallbacks {
    async fn run(&self) -> Result<Value, Failure> {
        let now = self.clock.now();
        let shards = join_all((0..SHARDS).map(|shard| self.shard(shard, now))).await;
        let (sent, failed) =
            shards.iter().fold((0, 0), |(sent, failed), shard| (sent + shard.sent, failed + shard.failed));
        if failed > 0 {
            return Err(Failure::retry(format!(
                "{failed} deliveries or pages of the index failed, {sent} deliveries were sent to the queue; \
                 the next run tries again"
            )));
        }
        Ok(json!({ "sent": sent }))
    }
}

impl ScheduleCallbacks {
    async fn shard(&self, shard: u8, now: Timestamp) -> Scheduled {
        let (partition, until) = (partition(shard), sortable(schedule_until(now)));
        let mut scheduled = Scheduled::default();
        let mut position: Option<Position> = None;
        loop {
            let read = self.pending_by_time.page(&partition, Walk::UpTo(&until), PAGE, position.as_ref());
            let page = match read.await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, partition, "the index could not be read");
                    scheduled.failed += 1;
                    return scheduled;
                }
            };
            for (key, _) in &page.documents {
                match self.send(key, now).await {
                    Ok(is_sent) => scheduled.sent += u32::from(is_sent),
                    Err(failure) => {
                        tracing::error!(%key, reason = failure.reason(), "the delivery was not sent to the queue");
                        scheduled.failed += 1;
                    }
                }
            }
            position = page.next;
            if position.is_none() {
                return scheduled;
            }
        }
    }

    /// Returns whether the delivery was overdue and its message is in the queue now.
    async fn send(&self, key: &Key, now: Timestamp) -> Result<bool, Failure> {
        let changed = store::change::<Delivery, Failure>(&*self.documents, &*self.clock, key, |stored| {
            Ok(stored.and_then(|delivery| delivery.resent(now)))
        });
        match changed.await? {
            Changed::Written(delivery) => {
                let sent = delivery_job::send(&*self.documents, &*self.work, &*self.clock, &delivery);
                if sent.await? { Ok(true) } else { Err(Failure::retry("the queue took no message")) }
            }
            Changed::NotNeeded(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
