//! A delivery: one message for one endpoint, with its attempts. Pure.
//!
//! `pending` → `delivered`, or `exhausted` after the last attempt, or `ended` if its endpoint was disabled or deleted. A
//! redelivery makes it pending again under the same id. Each attempt is recorded after its call, once by its number: a crash
//! between the two repeats the call under the same id.

use crate::outgoing::Outgoing;
use crate::pace::{Pace, fits_in_queue};
use crate::retry::{later, next_try};
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use resilience::Jitter;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a delivery is kept.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// How many attempts are listed. Older ones are dropped.
const MOST_LOGGED: usize = 40;

/// How early a message may arrive and still be handled: queues and clocks round to seconds.
const TOLERANCE: Duration = Duration::from_secs(2);

/// The number of partitions of the index `pending-by-time`.
pub(crate) const SHARDS: u8 = 16;

/// Why a delivery ended undelivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndedBecause {
    EndpointDeleted,
    EndpointDisabled,
}

/// The state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// An attempt is due, now or later.
    Pending {
        /// When the next attempt is due.
        next_at: Timestamp,
        /// When the schedule sends it to the queue, if the attempt is not recorded by then.
        overdue_at: Timestamp,
    },
    /// The endpoint answered with a 2xx.
    Delivered { at: Timestamp },
    /// The last attempt failed.
    Exhausted { at: Timestamp },
    /// Its endpoint was disabled or deleted.
    Ended { at: Timestamp, because: EndedBecause },
}

/// The result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The endpoint's status.
    Status(u16),
    /// No answer in time.
    TimedOut,
    /// No connection, no TLS, an unknown host, or an answer that is not HTTP.
    ConnectionFailed,
    /// The host has an address that is not public.
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

    /// The class of a failure, as the delivery log shows it.
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

/// A recorded attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// From 1, counted over all rounds.
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
    /// The exact bytes that every attempt signs and sends.
    pub(crate) body: String,
    pub(crate) created_at: Timestamp,
    pub(crate) state: DeliveryState,
    /// The newest attempts, oldest first.
    pub(crate) attempts: Vec<Attempt>,
    /// How many attempts were made in all.
    pub(crate) attempted: u32,
    /// How many of them were made before the current round. A redelivery starts a new round of the retry schedule.
    pub(crate) before_this_round: u32,
}

/// What a job from the queue means for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobState {
    /// The attempt is due: call the endpoint.
    Due,
    /// The attempt is recorded: make sure that its follow-up is complete.
    Recorded(Outcome),
    /// The attempt is not due yet, or no longer needed.
    Ignored,
}

impl Delivery {
    /// A new delivery, due at once.
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

    /// When the next attempt is due; `None` if it is not pending.
    pub(crate) const fn next_at(&self) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Pending { next_at, .. } => Some(next_at),
            DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. }
            | DeliveryState::Ended { .. } => None,
        }
    }

    /// What a job for this attempt means now.
    pub(crate) fn job_state(&self, attempt: u32, now: Timestamp) -> JobState {
        if attempt <= self.attempted {
            let recorded = self.attempts.iter().find(|recorded| recorded.number == attempt);
            return recorded.map_or(JobState::Ignored, |recorded| JobState::Recorded(recorded.outcome));
        }
        let is_due = self.next_at().is_some_and(|next_at| next_at <= later(now, TOLERANCE));
        if is_due && attempt == self.attempted + 1 { JobState::Due } else { JobState::Ignored }
    }

    /// The delivery with this attempt; `None` if the attempt is not the next one.
    pub(crate) fn with_attempt(
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
            (_, outcome) if outcome.is_success() => DeliveryState::Delivered { at: now },
            (_, Outcome::Status(410)) => {
                DeliveryState::Ended { at: now, because: EndedBecause::EndpointDisabled }
            }
            (DeliveryState::Pending { .. }, _) => {
                let tried = new.attempted.saturating_sub(self.before_this_round);
                let next = next_try(tried, now, retry_after, jitter);
                next.map_or(DeliveryState::Exhausted { at: now }, |next_at| pending(next_at, now, pace))
            }
            (
                DeliveryState::Delivered { .. }
                | DeliveryState::Exhausted { .. }
                | DeliveryState::Ended { .. },
                _,
            ) => self.state.clone(),
        };
        Some(new)
    }

    /// The delivery, ended before its next attempt; `None` if it is not pending.
    pub(crate) fn ended(&self, because: EndedBecause, now: Timestamp) -> Option<Self> {
        self.next_at()?;
        Some(Self { state: DeliveryState::Ended { at: now, because }, ..self.clone() })
    }

    /// The delivery, due later. This counts as no attempt. `None` if it is not pending, or due that late already.
    pub(crate) fn postponed(&self, until: Timestamp, now: Timestamp, pace: Pace) -> Option<Self> {
        let is_sooner = self.next_at()? < until;
        is_sooner.then(|| Self { state: pending(until, now, pace), ..self.clone() })
    }

    /// The delivery, due now under the same id; `None` if it is due already.
    pub(crate) fn redelivered(&self, now: Timestamp, pace: Pace) -> Option<Self> {
        let before_this_round = match self.state {
            DeliveryState::Pending { next_at, .. } if next_at <= now => return None,
            DeliveryState::Pending { .. } => self.before_this_round,
            DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. }
            | DeliveryState::Ended { .. } => self.attempted,
        };
        Some(Self { state: pending(now, now, pace), before_this_round, ..self.clone() })
    }

    /// The overdue delivery, about to be sent to the queue again; `None` if it is not overdue.
    pub(crate) fn resent(&self, now: Timestamp, pace: Pace) -> Option<Self> {
        match self.state {
            DeliveryState::Pending { next_at, overdue_at } if overdue_at <= now => {
                let overdue_at = later(now, pace.resend_after());
                Some(Self { state: DeliveryState::Pending { next_at, overdue_at }, ..self.clone() })
            }
            DeliveryState::Pending { .. }
            | DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. }
            | DeliveryState::Ended { .. } => None,
        }
    }
}

/// A delivery whose message fits in the queue is overdue some time after it is due; any other, as soon as it is due.
fn pending(next_at: Timestamp, now: Timestamp, pace: Pace) -> DeliveryState {
    let overdue_at = if fits_in_queue(next_at, now) { later(next_at, pace.lost_after()) } else { next_at };
    DeliveryState::Pending { next_at, overdue_at }
}

/// The partition key of a shard in the index.
pub(crate) fn partition(shard: u8) -> String {
    format!("pending#{shard:02}")
}

impl Item for Delivery {
    fn document(&self) -> Document {
        let document = Document::of(self)
            .until(later(self.created_at, KEPT_FOR))
            .with("endpoint", &self.endpoint)
            .with("created_at", sortable(self.created_at));
        match self.state {
            DeliveryState::Pending { overdue_at, .. } => {
                let digit =
                    self.id.bytes().last().and_then(|digit| char::from(digit).to_digit(16)).unwrap_or(0);
                let shard = u8::try_from(digit).unwrap_or(0) % SHARDS;
                document.with("pending_shard", partition(shard)).with("overdue_at", sortable(overdue_at))
            }
            DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. }
            | DeliveryState::Ended { .. } => document,
        }
    }
}

/// A moment as text that sorts by time: always with nine fractional digits.
pub(crate) fn sortable(moment: Timestamp) -> String {
    format!("{moment:.9}")
}

#[cfg(test)]
mod tests;
