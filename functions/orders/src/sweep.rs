//! `sweep-orders`: finds the orders that are overdue.
//!
//! - Trigger: a schedule, every minute.
//! - Effect and event, for each order whose deadline has passed: `OrderExpired` if it is not paid (payments decides whether it
//!   has expired), else `OrderUpdated` with the attention `stuck`.
//! - Then it carries out the erasures that are due ([`Erasures`]): `CustomerErasureRequested`.
//! - Candidates come from the index of open orders. The decision is made from the stream, because the index lags. A candidate
//!   then moves in the index to its next deadline.
//! - Idempotent by the stream: an expiry is requested once, and an order is recorded as stuck once for each progress.
//! - One order's failure does not stop the others; it fails the invocation at the end. Nothing is lost: an order stays due
//!   until it is handled.

mod erasures;

pub use erasures::Erasures;

use crate::summary::OPEN_SHARDS;
use crate::{Deadlines, Order, Summary, attention};
use async_trait::async_trait;
use event_store::{Decided, Documents, EventStore, Key, Pages, Position, StreamId, Walk, append_decided};
use events::{Attention, Cause, EventId, OrderId, OrderStatus};
use futures_util::future::join_all;
use jiff::Timestamp;
use resilience::{Clock, Failure};
use runtime::schedule::Task;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many candidates one read returns at most.
const PAGE: u32 = 100;

/// The step.
pub struct SweepOrders {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The table of views.
    pub views: Arc<dyn Documents>,
    /// The views of open and watched orders by deadline.
    pub open_by_deadline: Arc<dyn Pages>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long an order may go without progress.
    pub deadlines: Deadlines,
    /// The erasures.
    pub erasures: Erasures,
}

/// The result of a sweep, in orders.
#[derive(Debug, Clone, Copy, Default)]
struct Swept {
    /// Due according to the index.
    due: u32,
    /// Overdue according to the stream: an event was appended.
    overdue: u32,
    /// Could not be read or written. An unreadable page counts as one.
    failed: u32,
}

#[async_trait]
impl Task for SweepOrders {
    async fn run(&self) -> Result<Value, Failure> {
        let now = self.clock.now();
        let shards = join_all((0..OPEN_SHARDS).map(|shard| self.sweep_shard(shard, now))).await;
        let mut all = Swept::default();
        for shard in shards.into_iter().flatten() {
            all.due += shard.due;
            all.overdue += shard.overdue;
            all.failed += shard.failed;
        }
        let Swept { due, overdue, failed } = all;
        let erased = self.erasures.run(now).await?;
        if failed > 0 || erased.failed > 0 {
            return Err(Failure::retry(format!(
                "{failed} orders or pages of the index could not be swept, the other {due} due orders were; \
                 {} erasures could not be requested; the next sweep retries",
                erased.failed
            )));
        }
        Ok(json!({ "due": due, "overdue": overdue, "erasures": erased.requested }))
    }
}

impl SweepOrders {
    /// One partition after the other: sixteen concurrent reads are enough.
    async fn sweep_shard(&self, shard: u8, now: Timestamp) -> [Swept; 2] {
        let open = self.sweep_partition(&Summary::open_partition(shard), now).await;
        [open, self.sweep_partition(&Summary::watched_partition(shard), now).await]
    }

    async fn sweep_partition(&self, partition: &str, now: Timestamp) -> Swept {
        // The index compares text, in which a whole second sorts after its fractions. So this bound includes the current second.
        let until = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
        let mut swept = Swept::default();
        let mut position: Option<Position> = None;
        loop {
            let read = self.open_by_deadline.page(partition, Walk::UpTo(&until), PAGE, position.as_ref());
            let page = match read.await {
                Ok(page) => page,
                Err(error) => {
                    tracing::error!(%error, partition, "the index could not be read");
                    swept.failed += 1;
                    return swept;
                }
            };
            for (key, _) in &page.documents {
                match self.sweep_order(key, now).await {
                    Ok(is_overdue) => {
                        swept.due += 1;
                        swept.overdue += u32::from(is_overdue);
                    }
                    Err(failure) => {
                        let order = Summary::order_of(key);
                        let order = order.as_ref().map(OrderId::as_str);
                        tracing::error!(order.id = order, reason = failure.reason(), "it could not be swept");
                        swept.failed += 1;
                    }
                }
            }
            position = page.next;
            if position.is_none() {
                return swept;
            }
        }
    }

    /// Returns whether an event was appended.
    async fn sweep_order(&self, key: &Key, now: Timestamp) -> Result<bool, Failure> {
        let id = Summary::order_of(key).ok_or_else(|| Failure::reject("the index has a view of no order"))?;
        let cause = Cause { id: EventId::outside("sweep", &now.to_string()), traceparent: None, actor: None };
        let decided =
            append_decided(&*self.store, &StreamId::order(&id), &cause, &*self.clock, |order: &Order| {
                Ok::<_, Failure>(order.decide_overdue(now, &self.deadlines))
            })
            .await?;
        let is_overdue = matches!(decided, Decided::Appended(_));
        let history = decided.history();
        let raised = history.state.raised_by(&cause.id);
        attention::report(&id, &raised);
        if raised.contains(&Attention::Stuck) {
            report_unsettled(&id, history.state.status());
        }
        // Also for an overdue one: its event reaches the views in moments, and a sweep of the same minute leaves it alone.
        let view = Summary::key(&id, &history.state).zip(Summary::swept(&history, &id, &self.deadlines));
        if let Some((place, document)) = view {
            self.views.put_newer(&place, &document).await?;
            if place != *key {
                // It was found where an older build wrote it.
                self.views.delete(key).await?;
            }
        }
        Ok(is_overdue)
    }
}

/// Counts an order that is neither paid nor ended in time, for the objective of the orders (`template/objectives.yaml`).
fn report_unsettled(order: &OrderId, status: OrderStatus) {
    if matches!(status, OrderStatus::Placed | OrderStatus::PaymentActionRequired) {
        // Level error, so that no `LogLevel` suppresses it.
        tracing::error!(metric = "OrderUnsettled", order.id = %order, "the order is neither paid nor ended in time");
    }
}

#[cfg(test)]
mod tests;
