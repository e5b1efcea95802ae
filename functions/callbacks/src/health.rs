//! The health of an endpoint: the limit of its concurrent calls (a bulkhead) and its circuit breaker. Pure.
//!
//! A call takes a lease first, and releases it with its result, so that each result counts once. If the function dies, the
//! lease expires and the call counts as nothing. Five failures in a row open the breaker: deliveries are deferred, which
//! does not count as an attempt. After the pause one call goes through as a probe. If it succeeds the breaker closes; if it fails the breaker
//! opens for twice as long.
//!
//! A delivery that may not be called now gets a place in a line: the moment at which the calls before it should be over,
//! judged by how long calls take. So each delivery of a slow endpoint asks about twice, instead of every few seconds.

use crate::endpoint::REMEMBERED;
use crate::retry::later;
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many failures in a row open the breaker.
const OPENS_AFTER: u32 = 5;
/// The first pause. Each failed probe doubles it, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// An endpoint without a success for this long is disabled.
const FAILING_FOR: Duration = Duration::from_hours(120);

/// No place in the line is later than this, because the estimate may be wrong.
const LONGEST_LINE: Duration = Duration::from_hours(1);
/// How long a call takes, as long as none succeeded, and at least.
const CALL_TAKES: Duration = Duration::from_secs(1);
const CALL_TAKES_AT_LEAST: Duration = Duration::from_millis(100);

/// The right to make one call, until it expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    delivery: String,
    attempt: u32,
    /// `None` in a lease of an older build.
    #[serde(default)]
    since: Option<Timestamp>,
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
    /// How long a successful call holds its lease, smoothed; `None` before the first.
    #[serde(default)]
    takes_ms: Option<u64>,
    /// The first free place in the line.
    #[serde(default)]
    line: Timestamp,
    /// When it was last written. Its expiry counts from here.
    at: Timestamp,
}

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may, once this health with its lease is written.
    Granted(Health),
    /// Not before this moment: the limit of calls under way is reached. The health has the place in the line.
    Busy(Health, Timestamp),
    /// Not before this moment: the breaker is open. The health has the place in the line.
    Paused(Health, Timestamp),
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
        let place_after = |moment| self.with_place(moment, at_once, now);
        match (&self.paused, others.first()) {
            (Some(pause), _) if pause.until > now => {
                let (health, place) = place_after(pause.until);
                return Admission::Paused(health, place);
            }
            // One probe is enough. The others wait until its lease expires.
            (Some(_), Some(probe)) => {
                let (health, place) = place_after(probe.until);
                return Admission::Paused(health, place);
            }
            (None, Some(_)) if others.len() >= at_once => {
                let (health, place) = place_after(later(now, self.step(at_once)));
                return Admission::Busy(health, place);
            }
            (Some(_) | None, _) => {}
        }
        let mut under_way = others;
        under_way.push(Lease { delivery: delivery.to_owned(), attempt, since: Some(now), until });
        Admission::Granted(Self { under_way, at: now, ..self.clone() })
    }

    /// The health with one more place in the line, which is not before `earliest`; and the place.
    fn with_place(&self, earliest: Timestamp, at_once: usize, now: Timestamp) -> (Self, Timestamp) {
        let place = self.line.max(earliest).min(later(now, LONGEST_LINE));
        (Self { line: later(place, self.step(at_once)), at: now, ..self.clone() }, place)
    }

    /// The time between two places in the line.
    fn step(&self, at_once: usize) -> Duration {
        let takes = self.takes_ms.map_or(CALL_TAKES, Duration::from_millis).max(CALL_TAKES_AT_LEAST);
        takes / u32::try_from(at_once).unwrap_or(u32::MAX).max(1)
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
        let lease = self.under_way.iter().find(|lease| is_its(lease))?;
        let under_way: Vec<Lease> = self.under_way.iter().filter(|lease| !is_its(lease)).cloned().collect();
        if is_success {
            let (takes_ms, line) = self.after_success(lease, now);
            return Some(Self { under_way, at: now, takes_ms, line, ..Self::default() });
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
        Some(Self { failures, failing_since, paused, under_way, at: now, ..self.clone() })
    }

    /// How long calls take after this one, and the line at the new pace: it keeps its number of places.
    fn after_success(&self, lease: &Lease, now: Timestamp) -> (Option<u64>, Timestamp) {
        let Some(since) = lease.since else { return (self.takes_ms, self.line) };
        let took = u64::try_from(now.duration_since(since).as_millis()).unwrap_or(0);
        let before = self.takes_ms.unwrap_or(took);
        let takes = (before * 3 + took) / 4;
        let ahead = u64::try_from(self.line.duration_since(now).as_millis()).unwrap_or(0);
        let line = Duration::from_millis(ahead.saturating_mul(takes.max(1)) / before.max(1));
        (Some(takes), later(now, line.min(LONGEST_LINE)))
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

impl Item for Health {
    fn document(&self) -> Document {
        Document::of(self).until(later(self.at, REMEMBERED))
    }
}

#[cfg(test)]
mod tests;
