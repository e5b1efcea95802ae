//! Whether something outside is worth calling: a circuit breaker. Pure; time is a parameter.
//!
//! Closed, calls go through, and failures are remembered for a minute; a success takes them back. Five within it open
//! the circuit: no call is made any more. When the pause is over one call goes through as a probe, under a lease: its success
//! closes the circuit, its failure opens it for twice as long. A probe whose process died says nothing, and once its
//! lease has run out another one goes through.
//!
//! Only who holds the lease moves an open circuit. What else was under way when it opened is older than that.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// So many failures open the circuit. A message makes up to four calls to a provider that is out, so it takes two
/// messages at least: what is wrong with one of them alone opens nothing while others fare well.
pub const OPENS_AFTER: usize = 5;
/// For so long a failure counts. With fewer than five calls in a minute there is nothing to be spared.
pub const COUNTS_FOR: Duration = Duration::from_mins(1);
/// The first pause: longer than a provider's fail-over takes, and short beside the minutes that a customer waits.
pub const PAUSE: Duration = Duration::from_secs(15);
/// The longest pause, and so the longest time for which nobody notices that the other side is back.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, be it by a refusal.
    Answered,
    /// It was not answered, or by a failure of the other side's own.
    Failed,
    /// It says nothing about how the other side is now.
    Nothing,
}

/// The right to make the one call that tries an open circuit, known by its end: there is one at a time, and the next
/// one ends later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease(Timestamp);

impl Lease {
    /// Whether somebody else may have one by now.
    pub fn is_over(self, now: Timestamp) -> bool {
        self.0 <= now
    }
}

/// A circuit that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Opened {
    /// When it opened first.
    since: Timestamp,
    /// Until then nothing is called.
    until: Timestamp,
    /// How many pauses there were, this one included.
    times: u32,
    /// The call that tries it, if one is under way.
    probe: Option<Lease>,
}

/// How something outside is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// When the last failures were, oldest first.
    failed_at: Vec<Timestamp>,
    opened: Option<Opened>,
}

/// Whether a call may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Yes.
    Closed,
    /// Yes, under this lease, once this circuit is written.
    Probe(Circuit, Lease),
    /// Not before then.
    Open(Timestamp),
}

impl Circuit {
    /// Asks for a call that is over within `within`.
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

    /// With what came of a call that was made under `lease`, or none; `None` if that changes nothing.
    pub fn left(&self, lease: Option<Lease>, outcome: Outcome, now: Timestamp) -> Option<Self> {
        let Some(opened) = &self.opened else {
            return match outcome {
                Outcome::Failed => Some(self.failed_once_more(now)),
                Outcome::Answered => (!self.failed_at.is_empty()).then(Self::default),
                Outcome::Nothing => None,
            };
        };
        if lease.is_none() || lease != opened.probe {
            return None;
        }
        let opened = match outcome {
            Outcome::Answered => return Some(Self::default()),
            Outcome::Failed => opened_until(opened.since, now, opened.times),
            // The next one is to try it, at once.
            Outcome::Nothing => Opened { probe: None, ..opened.clone() },
        };
        Some(Self { opened: Some(opened), ..self.clone() })
    }

    /// Whether there are failures that a success takes back.
    pub fn is_troubled(&self, now: Timestamp) -> bool {
        self.failed_at.iter().any(|at| counts(*at, now))
    }

    /// Since when it is open, if it is.
    pub fn open_since(&self) -> Option<Timestamp> {
        self.opened.as_ref().map(|opened| opened.since)
    }

    /// When the next call may be made, if it is open.
    pub fn open_until(&self) -> Option<Timestamp> {
        self.opened.as_ref().map(|opened| opened.until)
    }

    fn failed_once_more(&self, now: Timestamp) -> Self {
        let mut failed_at: Vec<Timestamp> =
            self.failed_at.iter().copied().filter(|at| counts(*at, now)).collect();
        failed_at.push(now);
        let opened = (failed_at.len() >= OPENS_AFTER).then(|| opened_until(now, now, 0));
        Self { failed_at, opened }
    }
}

/// The circuit opened after so many pauses: each is twice as long as the one before.
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
