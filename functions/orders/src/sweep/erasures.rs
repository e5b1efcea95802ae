//! The erasures that are due: of customers on request, and of orders that ended longer ago than personal data is kept.
//!
//! Each order is decided from its stream: `CustomerErasureRequested` is appended once, and not while the order is open. So a run
//! that stops half way is continued by the next. Nothing scans: a customer's orders are one partition of the views, and old
//! orders are found by the look-up items of their day.

use crate::requests::{ErasureRequest, orders_of};
use crate::summary::Summary;
use crate::terms::view_of;
use crate::{Deadlines, Order, Term};
use event_store::{Document, Documents, EventStore, Key, Pages, StoreError, StreamId, append_decided};
use events::{Cause, Customer, ErasureCause, EventId, OrderId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use resilience::{Clock, Failure};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long a request is kept: a view may be written that late, if its stream was held up.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How many days one run looks through for old orders.
const DAYS_AT_ONCE: u32 = 60;
/// How many days back old orders are looked for.
const DAYS_BACK: i64 = 3660;
/// How many look-up items one read returns at most.
const PAGE: u32 = 100;

/// Carries out the erasures. See the module.
pub struct Erasures {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The requests, and how far the look through the days has come.
    pub documents: Arc<dyn Documents>,
    /// The partitions of the views: those of each customer, and of each day.
    pub partitions: Arc<dyn Pages>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long an order may go without progress: one that has a deadline is still open.
    pub deadlines: Deadlines,
    /// After how many days the personal data of an order that has ended is erased; 0: never.
    pub retention_days: u32,
}

/// How far the look through the days has come: `erasures` / `retention`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Progress {
    /// The day to look at next.
    next: Date,
    /// Nothing is looked at before this day: the last look came to its end the day before.
    not_before: Date,
}

fn progress_key() -> Key {
    Key::new("erasures", "retention")
}

/// What a run did, in orders.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Erased {
    /// Their erasure was requested.
    pub(super) requested: u32,
    /// They could not be read or written. A list of orders that could not be read counts as one.
    pub(super) failed: u32,
}

impl Erased {
    fn fail(&mut self, order: Option<&OrderId>, failure: &Failure) {
        let order = order.map(OrderId::as_str);
        tracing::error!(order.id = order, reason = failure.reason(), "an erasure could not be requested");
        self.failed += 1;
    }
}

impl Erasures {
    /// Carries out what is due. One order's failure does not stop the others.
    pub(super) async fn run(&self, now: Timestamp) -> Result<Erased, Failure> {
        let mut erased = Erased::default();
        for (version, request) in ErasureRequest::all(&*self.documents).await? {
            if let Err(failure) = self.erase_customer(version, &request, now, &mut erased).await {
                erased.fail(None, &failure);
            }
        }
        if self.retention_days > 0 {
            self.erase_old(now, &mut erased).await?;
        }
        Ok(erased)
    }

    async fn erase_customer(
        &self,
        version: u64,
        request: &ErasureRequest,
        now: Timestamp,
        erased: &mut Erased,
    ) -> Result<(), Failure> {
        let mut left = 0;
        for order in orders_of(&*self.partitions, &request.customer).await? {
            let is_part = |order: &Order| {
                order.placed().is_some_and(|(_, placed_at)| placed_at <= request.requested_at)
            };
            let by = Some(&request.requested_by);
            match self.erase_order(&order, &request.pseudonym, by, is_part, now).await {
                Ok(Asked::Now) => erased.requested += 1,
                Ok(Asked::Not) => {}
                // It was not open when the request was made. It is erased once it has ended again.
                Ok(Asked::WhenEnded) => left += 1,
                Err(failure) => {
                    erased.fail(Some(&order), &failure);
                    left += 1;
                }
            }
        }
        let ends_at = request.requested_at.saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
        if left == 0 && ends_at <= now {
            request.end(version, &*self.documents, now).await?;
        }
        Ok(())
    }

    /// Looks through the next days, up to those whose orders are old enough. Once a day it begins again: an order that was open
    /// the last time may have ended long ago since.
    async fn erase_old(&self, now: Timestamp, erased: &mut Erased) -> Result<(), Failure> {
        let today = TimeZone::UTC.to_datetime(now).date();
        let key = progress_key();
        let kept = self.documents.get(&key).await?.map(|document| document.read(&key)).transpose()?;
        let first = today.saturating_sub(DAYS_BACK.days());
        let Progress { mut next, not_before } = kept.unwrap_or(Progress { next: first, not_before: first });
        if not_before > today {
            return Ok(());
        }
        let last = today.saturating_sub(i64::from(self.retention_days).days());
        let ended_before = now - SignedDuration::from_hours(24 * i64::from(self.retention_days));
        for _ in 0..DAYS_AT_ONCE {
            if next > last {
                break;
            }
            self.erase_day(next, ended_before, now, erased).await?;
            next = next.tomorrow().map_err(Failure::reject)?;
        }
        let progress = if next > last {
            Progress { next: first, not_before: today.tomorrow().map_err(Failure::reject)? }
        } else {
            Progress { next, not_before }
        };
        Ok(self.documents.put(&key, &Document::of(&progress)).await?)
    }

    async fn erase_day(
        &self,
        day: Date,
        ended_before: Timestamp,
        now: Timestamp,
        erased: &mut Erased,
    ) -> Result<(), Failure> {
        for partition in Term::Day(day).partitions(&[]) {
            for order in self.orders_in(&partition).await? {
                // The id stays on the order anyway, so this pseudonym says nothing more.
                let pseudonym = format!("erased-{order}");
                let is_old = |order: &Order| order.updated_at().is_some_and(|ended| ended < ended_before);
                match self.erase_order(&order, &pseudonym, None, is_old, now).await {
                    Ok(asked) => erased.requested += u32::from(matches!(asked, Asked::Now)),
                    // Tomorrow its day is looked at again.
                    Err(failure) => erased.fail(Some(&order), &failure),
                }
            }
        }
        Ok(())
    }

    async fn orders_in(&self, partition: &str) -> Result<Vec<OrderId>, StoreError> {
        let mut found = Vec::new();
        for (key, document) in self.partitions.all(partition, PAGE).await? {
            found.extend(Summary::order_of(&view_of(&key, &document)?));
        }
        Ok(found)
    }

    async fn erase_order(
        &self,
        id: &OrderId,
        pseudonym: &str,
        by: Option<&Customer>,
        is_part: impl Fn(&Order) -> bool + Send + Sync,
        now: Timestamp,
    ) -> Result<Asked, Failure> {
        let because = if by.is_some() { ErasureCause::Request } else { ErasureCause::Retention };
        let cause =
            Cause { id: EventId::outside("erasure", &now.to_string()), traceparent: None, actor: None };
        let decide = |order: &Order| {
            if is_part(order) {
                order.decide_erasure(pseudonym, because, by, &self.deadlines)
            } else {
                Ok(None)
            }
        };
        match append_decided(&*self.store, &StreamId::order(id), &cause, &*self.clock, decide).await {
            Ok(event_store::Decided::Appended(_)) => Ok(Asked::Now),
            Ok(event_store::Decided::Nothing(_)) => Ok(Asked::Not),
            Err(event_store::StepError::Refused(_)) => Ok(Asked::WhenEnded),
            Err(event_store::StepError::Store(error)) => Err(error.into()),
        }
    }
}

/// What a run did about an order.
enum Asked {
    /// It requested the erasure.
    Now,
    /// It was requested before, or the order is no part of it.
    Not,
    /// The order is open.
    WhenEnded,
}
