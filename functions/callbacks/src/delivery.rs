//! A delivery: one message for one endpoint, and every attempt to bring it there. Pure.
//!
//! `pending` → `delivered`, `exhausted` after the last attempt, or `ended` where there is nobody to bring it to. From
//! each of these it can be made pending again, under the same id. An attempt is recorded after the call, once for its
//! number: a crash between the two repeats the call under the same id.

use crate::errand::{Pace, is_for_the_queue};
use crate::outgoing::Outgoing;
use crate::retry::{later, next_try};
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use resilience::Jitter;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a delivery is kept.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// So many attempts are kept in the log, the newest.
const MOST_LOGGED: usize = 40;

/// A message may come a little before its time: queues and clocks count in their own seconds.
const EARLY: Duration = Duration::from_secs(2);

/// The partitions of the index of what is pending.
pub(crate) const SHARDS: u8 = 16;

/// Why a delivery ended without being brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndedBecause {
    EndpointDeleted,
    EndpointDisabled,
}

/// Where a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum State {
    /// It is to be brought.
    Pending {
        /// When the next attempt is due.
        next_at: Timestamp,
        /// When it is looked for that nobody has made this attempt.
        overdue_at: Timestamp,
    },
    /// The endpoint has taken it.
    Delivered { at: Timestamp },
    /// The last attempt failed.
    Exhausted { at: Timestamp },
    /// There was nobody to bring it to.
    Ended { at: Timestamp, because: EndedBecause },
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The endpoint's status.
    Status(u16),
    /// No answer in time.
    TimedOut,
    /// No connection, no TLS, no such name, or an answer that is no HTTP.
    ConnectionFailed,
    /// The host leads to an address that is not public.
    AddressRefused,
}

impl Outcome {
    pub(crate) const fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    pub(crate) const fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status),
            Self::TimedOut | Self::ConnectionFailed | Self::AddressRefused => None,
        }
    }

    /// The class of a failure, for the log of attempts.
    pub(crate) const fn error(self) -> Option<&'static str> {
        match self {
            Self::Status(200..=299) => None,
            Self::Status(300..=399) => Some("redirect_not_followed"),
            Self::Status(410) => Some("gone"),
            Self::Status(_) => Some("status"),
            Self::TimedOut => Some("timed_out"),
            Self::ConnectionFailed => Some("connection_failed"),
            Self::AddressRefused => Some("address_refused"),
        }
    }
}

/// One attempt, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// From 1, through all rounds.
    pub(crate) number: u32,
    pub(crate) at: Timestamp,
    pub(crate) latency_ms: u64,
    pub(crate) outcome: Outcome,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// `webhook-id`.
    pub(crate) id: String,
    pub(crate) endpoint: String,
    pub(crate) kind: String,
    /// The exact bytes that are signed and sent, at each attempt.
    pub(crate) body: String,
    pub(crate) created_at: Timestamp,
    pub(crate) state: State,
    /// The newest of them.
    pub(crate) attempts: Vec<Attempt>,
    /// How many there were in all.
    pub(crate) attempted: u32,
    /// How many of them were made before this round of the schedule began.
    pub(crate) before_this_round: u32,
}

/// What a message from the queue means for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is due: call.
    Due,
    /// Its attempt is recorded: see that its consequences are drawn.
    Recorded(Outcome),
    /// It is another message's, another moment's, or over.
    Nothing,
}

impl Delivery {
    /// A new one, due at once.
    pub(crate) fn new(endpoint: &str, message: Outgoing, now: Timestamp, pace: Pace) -> Self {
        let Outgoing { id, kind, body } = message;
        Self {
            id,
            endpoint: endpoint.to_owned(),
            kind: kind.to_owned(),
            body,
            created_at: now,
            state: pending(now, now, pace),
            attempts: Vec::new(),
            attempted: 0,
            before_this_round: 0,
        }
    }

    /// When its next attempt is due, if there is to be one.
    pub(crate) const fn next_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Pending { next_at, .. } => Some(next_at),
            State::Delivered { .. } | State::Exhausted { .. } | State::Ended { .. } => None,
        }
    }

    /// What a message about its `attempt`th attempt means now.
    pub(crate) fn turn(&self, attempt: u32, now: Timestamp) -> Turn {
        if attempt <= self.attempted {
            let recorded = self.attempts.iter().find(|recorded| recorded.number == attempt);
            return recorded.map_or(Turn::Nothing, |recorded| Turn::Recorded(recorded.outcome));
        }
        let is_due = self.next_at().is_some_and(|next_at| next_at <= later(now, EARLY));
        if is_due && attempt == self.attempted + 1 { Turn::Due } else { Turn::Nothing }
    }

    /// With this attempt recorded; `None` if one of its number, or a later one, is.
    pub(crate) fn recorded(
        &self,
        attempt: &Attempt,
        retry_after: Option<Duration>,
        now: Timestamp,
        pace: Pace,
        jitter: &dyn Jitter,
    ) -> Option<Self> {
        if attempt.number != self.attempted + 1 {
            return None;
        }
        let mut new = self.clone();
        new.attempts.push(attempt.clone());
        new.attempts.drain(..new.attempts.len().saturating_sub(MOST_LOGGED));
        new.attempted = attempt.number;
        new.state = match (&self.state, attempt.outcome) {
            (_, outcome) if outcome.is_success() => State::Delivered { at: now },
            (_, Outcome::Status(410)) => State::Ended { at: now, because: EndedBecause::EndpointDisabled },
            (State::Pending { .. }, _) => {
                let tried = new.attempted.saturating_sub(self.before_this_round);
                let next = next_try(tried, now, retry_after, jitter);
                next.map_or(State::Exhausted { at: now }, |next_at| pending(next_at, now, pace))
            }
            (State::Delivered { .. } | State::Exhausted { .. } | State::Ended { .. }, _) => {
                self.state.clone()
            }
        };
        Some(new)
    }

    /// Ended before its next attempt; `None` if it is not pending.
    pub(crate) fn ended(&self, because: EndedBecause, now: Timestamp) -> Option<Self> {
        self.next_at()?;
        Some(Self { state: State::Ended { at: now, because }, ..self.clone() })
    }

    /// Its attempt put off, which is none; `None` if it is not pending, or put off as far already.
    pub(crate) fn put_off(&self, until: Timestamp, now: Timestamp, pace: Pace) -> Option<Self> {
        let is_sooner = self.next_at()? < until;
        is_sooner.then(|| Self { state: pending(until, now, pace), ..self.clone() })
    }

    /// To be brought again, now, under the same id; `None` if it is due already.
    pub(crate) fn redelivered(&self, now: Timestamp, pace: Pace) -> Option<Self> {
        let before_this_round = match self.state {
            State::Pending { next_at, .. } if next_at <= now => return None,
            State::Pending { .. } => self.before_this_round,
            State::Delivered { .. } | State::Exhausted { .. } | State::Ended { .. } => self.attempted,
        };
        Some(Self { state: pending(now, now, pace), before_this_round, ..self.clone() })
    }

    /// Given to the queue once more, since it is overdue; `None` if it is not.
    pub(crate) fn sent_again(&self, now: Timestamp, pace: Pace) -> Option<Self> {
        match self.state {
            State::Pending { next_at, overdue_at } if overdue_at <= now => {
                let overdue_at = later(now, pace.again_after());
                Some(Self { state: State::Pending { next_at, overdue_at }, ..self.clone() })
            }
            State::Pending { .. }
            | State::Delivered { .. }
            | State::Exhausted { .. }
            | State::Ended { .. } => None,
        }
    }
}

/// What the queue holds back is overdue a while after its time; what is to wait for longer, at its time.
fn pending(next_at: Timestamp, now: Timestamp, pace: Pace) -> State {
    let overdue_at = if is_for_the_queue(next_at, now) { later(next_at, pace.lost_after()) } else { next_at };
    State::Pending { next_at, overdue_at }
}

/// The partition of the index that a shard is.
pub(crate) fn partition(shard: u8) -> String {
    format!("pending#{shard:02}")
}

impl Item for Delivery {
    fn document(&self) -> Document {
        let document = Document::of(self)
            .until(later(self.created_at, KEPT))
            .with("endpoint", &self.endpoint)
            .with("created_at", sortable(self.created_at));
        match self.state {
            State::Pending { overdue_at, .. } => {
                let digit =
                    self.id.bytes().last().and_then(|digit| char::from(digit).to_digit(16)).unwrap_or(0);
                let shard = u8::try_from(digit).unwrap_or(0) % SHARDS;
                document.with("pending_shard", partition(shard)).with("overdue_at", sortable(overdue_at))
            }
            State::Delivered { .. } | State::Exhausted { .. } | State::Ended { .. } => document,
        }
    }
}

/// A moment as text that sorts like the moment: always with nine digits of a second.
pub(crate) fn sortable(moment: Timestamp) -> String {
    format!("{moment:.9}")
}

#[cfg(test)]
mod tests;
