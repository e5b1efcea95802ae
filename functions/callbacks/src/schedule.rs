//! `schedule-callbacks`: deliveries that are overdue go to the queue, again or for the first time.
//!
//! Trigger: a schedule, each minute. Effect: for each pending delivery that the index has as overdue (its wait was too
//! long for the queue, or its message was lost between a write and a send, or with the function that had it), the moment at
//! which it is looked for again is put off, and a message about its next attempt is sent. Events said: none. Idempotent by
//! the delivery's state, which is read before: one that was delivered meanwhile is left alone, and a message too many
//! finds its attempt recorded. One delivery's failure leaves the others alone; after all of them, it fails the invocation.

use crate::delivery::{Delivery, SHARDS, partition, sortable};
use crate::errand::{self, Pace};
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

/// How many are read at once.
const PAGE: u32 = 100;

/// The step.
pub struct ScheduleCallbacks {
    /// Deliveries.
    pub documents: Arc<dyn Documents>,
    /// Pending deliveries by the moment at which they are overdue.
    pub pending_by_time: Arc<dyn Pages>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How long things take.
    pub pace: Pace,
}

#[derive(Debug, Clone, Copy, Default)]
struct Scheduled {
    sent: u32,
    /// They could not be read, written or sent. A page that could not be read counts as one.
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
        let (partition, until) = (partition(shard), sortable(now));
        let mut done = Scheduled::default();
        let mut position: Option<Position> = None;
        loop {
            let read = self.pending_by_time.page(&partition, Walk::UpTo(&until), PAGE, position.as_ref());
            let page = match read.await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, partition, "the index could not be read");
                    done.failed += 1;
                    return done;
                }
            };
            for (key, _) in &page.documents {
                match self.send(key, now).await {
                    Ok(is_sent) => done.sent += u32::from(is_sent),
                    Err(failure) => {
                        tracing::error!(%key, reason = failure.reason(), "the delivery was not sent to the queue");
                        done.failed += 1;
                    }
                }
            }
            position = page.next;
            if position.is_none() {
                return done;
            }
        }
    }

    /// `true`: it was overdue, and is in the queue.
    async fn send(&self, key: &Key, now: Timestamp) -> Result<bool, Failure> {
        let changed = store::change::<Delivery, Failure>(&*self.documents, &*self.clock, key, |there| {
            Ok(there.and_then(|delivery| delivery.sent_again(now, self.pace)))
        });
        match changed.await? {
            Changed::Written(delivery) => {
                errand::send(&*self.work, &delivery, now).await.map_err(Failure::retry)?;
                Ok(true)
            }
            Changed::Left(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
