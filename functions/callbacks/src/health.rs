//! The health of an endpoint: the limit of its concurrent calls (a bulkhead) and its circuit breaker. Pure.
//!
//! A call takes a lease first, and releases it with its result, so that each result counts once. If the function dies, the
//! lease expires and the call counts as nothing. Five failures in a row open the breaker: deliveries are postponed, which
//! does not count as an attempt. After the pause one call goes through as a probe. If it succeeds the breaker closes; if it fails the breaker
//! opens for twice as long.

use crate::endpoint::REMEMBERED;
use crate::retry::later;
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use resilience::Jitter;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many failures in a row open the breaker.
const OPENS_AFTER: u32 = 5;
/// The first pause. Each failed probe doubles it, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// An endpoint without a success for this long is disabled.
const FAILING_FOR: Duration = Duration::from_hours(120);

/// The right to make one call, until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    delivery: String,
    attempt: u32,
    until: Timestamp,
}

/// The pause of an open breaker. The first call after it is the probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pause {
    until: Timestamp,
    /// How often it opened since the last success.
    times: u32,
}

/// The health of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    /// Failures since the last success.
    pub(crate) failures: u32,
    /// When the first of them happened.
    pub(crate) failing_since: Option<Timestamp>,
    paused: Option<Pause>,
    under_way: Vec<Lease>,
    /// When it was last written. Its expiry counts from here.
    at: Timestamp,
}

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may, once this health with its lease is written.
    Granted(Health),
    /// The limit of calls under way is reached.
    Busy,
    /// The breaker is open until this moment.
    Paused(Timestamp),
}

impl Health {
    /// Decides whether the call may be made. A lease of the same attempt was left by a run that died, and is replaced.
    pub(crate) fn admit(
        &self,
        delivery: &str,
        attempt: u32,
        at_once: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Admission {
        let is_other = |lease: &&Lease| (lease.delivery.as_str(), lease.attempt) != (delivery, attempt);
        let others: Vec<Lease> =
            self.under_way.iter().filter(|lease| lease.until > now).filter(is_other).cloned().collect();
        match (&self.paused, others.first()) {
            (Some(pause), _) if pause.until > now => return Admission::Paused(pause.until),
            // One probe is enough. The others wait until its lease expires.
            (Some(_), Some(probe)) => return Admission::Paused(probe.until),
            (None, Some(_)) if others.len() >= at_once => return Admission::Busy,
            (Some(_) | None, _) => {}
        }
        let mut under_way = others;
        under_way.push(Lease { delivery: delivery.to_owned(), attempt, until });
        Admission::Granted(Self { under_way, at: now, ..self.clone() })
    }

    /// The health after a call; `None` if its lease was released before.
    pub(crate) fn with_result(
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
        // A failure during the pause belongs to a call that began before it, so it does not extend the pause.
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

    /// Whether the endpoint must be disabled: its first failure since the last success, or its enabling if later, is
    /// [`FAILING_FOR`] ago.
    pub(crate) fn has_failed_too_long(&self, enabled_since: Timestamp, now: Timestamp) -> bool {
        self.failing_since.is_some_and(|since| later(since.max(enabled_since), FAILING_FOR) <= now)
    }

    /// Until when the breaker is open; `None` if it is closed.
    pub(crate) fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused.as_ref().map(|pause| pause.until).filter(|until| *until > now)
    }

    #[cfg(test)]
    pub(crate) const fn under_way(&self) -> usize {
        self.under_way.len()
    }
}

/// When a delivery that an open breaker postponed is due: after the pause, spread over half a minute by jitter.
pub(crate) fn due_after_pause(until: Timestamp, jitter: &dyn Jitter) -> Timestamp {
    later(until, PAUSE * jitter.thousandths().min(1000) / 1000)
}

impl Item for Health {
    fn document(&self) -> Document {
        Document::of(self).until(later(self.at, REMEMBERED))
    }
}

#[cfg(test)]
mod tests;
