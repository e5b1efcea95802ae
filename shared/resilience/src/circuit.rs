//! A circuit breaker: it stops calls to a provider that is out. Pure; time is a parameter.
//!
//! While the circuit is closed, calls go through. A failure counts for a minute; a success clears all failures. Five
//! failures open the circuit, and no call goes through. After a pause one call goes through as the probe, under a lease.
//! Its success closes the circuit; its failure doubles the pause. If the probe's process dies, another probe goes through
//! once the lease has expired.
//!
//! Only the holder of the lease changes an open circuit: any other call started before the circuit opened.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// This many failures open the circuit. One message makes up to four calls to a provider that is out, so at least two
/// messages must fail: a fault of one message alone does not open the circuit.
pub const OPENS_AFTER: usize = 5;
/// How long a failure counts. With fewer than five calls a minute, a breaker would spare the provider nothing.
pub const COUNTS_FOR: Duration = Duration::from_mins(1);
/// The first pause: longer than a provider's fail-over, and short compared with the minutes that a customer waits.
pub const PAUSE: Duration = Duration::from_secs(15);
/// The longest pause, so the longest time until we notice that the provider is available again.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The provider answered, even if it refused.
    Answered,
    /// The provider did not answer, or answered with a failure of its own.
    Failed,
    /// The call proves nothing about the provider's current state.
    Unknown,
}

/// The right to make the probe of an open circuit. A lease is identified by the moment at which it expires: there is one
/// at a time, and the next one expires later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease(Timestamp);

impl Lease {
    /// Whether the lease has expired, so that another process may take one.
    pub fn is_over(self, now: Timestamp) -> bool {
        self.0 <= now
    }
}

/// The state of an open circuit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Opened {
    /// When the circuit opened; a failed probe does not change it.
    since: Timestamp,
    /// The end of the pause: no call goes through before.
    until: Timestamp,
    /// The number of pauses, including this one.
    times: u32,
    /// The lease of the probe, if one is under way.
    probe: Option<Lease>,
}

/// The state of the circuit of one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// The moments of the recent failures, oldest first.
    failed_at: Vec<Timestamp>,
    opened: Option<Opened>,
}

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Yes: the circuit is closed.
    Closed,
    /// Yes, as the probe under this lease, as soon as this circuit is stored.
    Probe(Circuit, Lease),
    /// No, not before this moment.
    Open(Timestamp),
}

impl Circuit {
    /// Asks whether a call that takes at most `within` may be made.
    pub fn enter(&self, now: Timestamp, within: Duration) -> Entry {
        let Some(opened) = &self.opened else { return Entry::Closed };
        if opened.until > now {
            return Entry::Open(opened.until);
        }
        match opened.probe {
            Some(lease) if !lease.is_over(now) => Entry::Open(lease.0),
            Some(_) | None => {
                let lease = Lease(later(now, within));
                let opened = Opened { probe: Some(lease), ..opened.clone() };
                Entry::Probe(Self { opened: Some(opened), ..self.clone() }, lease)
            }
        }
    }

    /// The circuit after a call; `lease` is the call's lease if it was the probe. `None`: the circuit stays as it is.
    pub fn record(&self, lease: Option<Lease>, outcome: Outcome, now: Timestamp) -> Option<Self> {
        let Some(opened) = &self.opened else {
            return match outcome {
                Outcome::Failed => Some(self.with_failure(now)),
                Outcome::Answered => (!self.failed_at.is_empty()).then(Self::default),
                Outcome::Unknown => None,
            };
        };
        if lease.is_none() || lease != opened.probe {
            return None;
        }
        let opened = match outcome {
            Outcome::Answered => return Some(Self::default()),
            Outcome::Failed => opened_until(opened.since, now, opened.times),
            // Another probe may go through at once.
            Outcome::Unknown => Opened { probe: None, ..opened.clone() },
        };
        Some(Self { opened: Some(opened), ..self.clone() })
    }

    /// Whether a recent failure counts, which a success would clear.
    pub fn has_recent_failures(&self, now: Timestamp) -> bool {
        self.failed_at.iter().any(|at| counts(*at, now))
    }

    /// When the circuit opened; `None` if it is closed.
    pub fn open_since(&self) -> Option<Timestamp> {
        self.opened.as_ref().map(|opened| opened.since)
    }

    /// The end of the current pause; `None` if the circuit is closed.
    pub fn open_until(&self) -> Option<Timestamp> {
        self.opened.as_ref().map(|opened| opened.until)
    }

    fn with_failure(&self, now: Timestamp) -> Self {
        let mut failed_at: Vec<Timestamp> =
            self.failed_at.iter().copied().filter(|at| counts(*at, now)).collect();
        failed_at.push(now);
        let opened = (failed_at.len() >= OPENS_AFTER).then(|| opened_until(now, now, 0));
        Self { failed_at, opened }
    }
}

/// An open circuit after `times` pauses: each pause is twice as long as the one before.
fn opened_until(since: Timestamp, now: Timestamp, times: u32) -> Opened {
    let pause = PAUSE.saturating_mul(1 << times.min(10)).min(LONGEST_PAUSE);
    Opened { since, until: later(now, pause), times: times + 1, probe: None }
}

fn counts(failed_at: Timestamp, now: Timestamp) -> bool {
    later(failed_at, COUNTS_FOR) > now
}

fn later(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| moment.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
