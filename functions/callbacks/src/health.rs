//! How an endpoint is doing: the calls under way (a bulkhead) and whether it is worth calling (a circuit breaker). Pure.
//!
//! A call takes a lease before it is made and gives it back with what came of it; the lease is what makes it count once.
//! One that is not given back, because its function died, runs out and counts as nothing. After five failures in a row
//! the breaker opens: deliveries are put off, which is no attempt of theirs. When the pause is over one call goes through
//! as a probe; its success closes the breaker, its failure opens it for twice as long.

use crate::endpoint::REMEMBERED;
use crate::retry::later;
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use resilience::Jitter;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So many failures in a row open the breaker.
const OPENS_AFTER: u32 = 5;
/// The first pause, and the longest.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// An endpoint that has failed for so long without one success is disabled.
const FAILING_FOR: Duration = Duration::from_hours(120);

/// A call that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    delivery: String,
    attempt: u32,
    until: Timestamp,
}

/// The breaker, opened for some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pause {
    until: Timestamp,
    /// How often it was opened without a success in between.
    times: u32,
}

/// How an endpoint is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    /// Failures since the last success.
    pub(crate) failures: u32,
    /// When the first of them was.
    pub(crate) failing_since: Option<Timestamp>,
    paused: Option<Pause>,
    under_way: Vec<Lease>,
    /// When it was written, which is when it begins to be forgotten.
    at: Timestamp,
}

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Yes, under this health, once it is written.
    Admitted(Health),
    /// As many calls are under way as may be.
    Busy,
    /// The breaker is open until then.
    Paused(Timestamp),
}

impl Health {
    /// Asks for a call. Who holds a lease for this very attempt has died on the way, and may try again.
    pub(crate) fn enter(
        &self,
        delivery: &str,
        attempt: u32,
        at_once: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Entry {
        let is_other = |lease: &&Lease| (lease.delivery.as_str(), lease.attempt) != (delivery, attempt);
        let others: Vec<Lease> =
            self.under_way.iter().filter(|lease| lease.until > now).filter(is_other).cloned().collect();
        match (&self.paused, others.first()) {
            (Some(pause), _) if pause.until > now => return Entry::Paused(pause.until),
            // One probe is enough to tell; the others wait until it must have.
            (Some(_), Some(probe)) => return Entry::Paused(probe.until),
            (None, Some(_)) if others.len() >= at_once => return Entry::Busy,
            (Some(_) | None, _) => {}
        }
        let mut under_way = others;
        under_way.push(Lease { delivery: delivery.to_owned(), attempt, until });
        Entry::Admitted(Self { under_way, at: now, ..self.clone() })
    }

    /// With what came of a call; `None` if its lease was given back before.
    pub(crate) fn left(
        &self,
        delivery: &str,
        attempt: u32,
        is_success: bool,
        now: Timestamp,
    ) -> Option<Self> {
        let is_its = |lease: &Lease| (lease.delivery.as_str(), lease.attempt) == (delivery, attempt);
        let under_way: Vec<Lease> = self.under_way.iter().filter(|lease| !is_its(lease)).cloned().collect();
        if under_way.len() == self.under_way.len() {
            return None;
        }
        if is_success {
            return Some(Self { under_way, at: now, ..Self::default() });
        }
        let failures = self.failures.saturating_add(1);
        let times = self.paused.as_ref().map_or(0, |pause| pause.times);
        // A failure of a call that was under way when the breaker opened opens it no second time.
        let opens = match &self.paused {
            None => failures >= OPENS_AFTER,
            Some(pause) => pause.until <= now,
        };
        let pause = PAUSE.saturating_mul(1 << times.min(10)).min(LONGEST_PAUSE);
        let paused = if opens {
            Some(Pause { until: later(now, pause), times: times + 1 })
        } else {
            self.paused.clone()
        };
        let failing_since = self.failing_since.or(Some(now));
        Some(Self { failures, failing_since, paused, under_way, at: now })
    }

    /// Whether it is to be disabled: nothing but failures for too long, since it was last enabled.
    pub(crate) fn is_hopeless(&self, enabled_since: Timestamp, now: Timestamp) -> bool {
        self.failing_since.is_some_and(|since| later(since.max(enabled_since), FAILING_FOR) <= now)
    }

    /// Until when no call is made, if none is.
    pub(crate) fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused.as_ref().map(|pause| pause.until).filter(|until| *until > now)
    }

    #[cfg(test)]
    pub(crate) const fn under_way(&self) -> usize {
        self.under_way.len()
    }
}

/// When what was put off by an open breaker comes back: chance spreads it over half a minute.
pub(crate) fn back_at(until: Timestamp, jitter: &dyn Jitter) -> Timestamp {
    later(until, PAUSE * jitter.thousandths().min(1000) / 1000)
}

impl Item for Health {
    fn document(&self) -> Document {
        Document::of(self).until(later(self.at, REMEMBERED))
    }
}

#[cfg(test)]
mod tests;
