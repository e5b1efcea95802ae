//! A delivery: one message for one endpoint, with its attempts. Pure.
//!
//! `pending` → `delivered`, or `exhausted` after the last attempt, or `ended` if its endpoint was disabled or deleted. A
//! redelivery makes it pending again under the same id. Each attempt is recorded after its call, once by its number: a crash
//! between the two repeats the call under the same id.
//!
//! A delivery has at most one message in the queue. Its number is in the delivery, and a message with another number does
//! nothing (fencing). The message waits in the queue while it is young; after that it is deleted, and the delivery waits in the
//! index `pending-by-time`. The delivery belongs to its message until `overdue_at`: no other message is sent before.

use crate::attempt::{Attempt, Outcome};
use crate::outgoing::{OfEvent, Outgoing, erased};
use crate::retry::{later, next_try};
use crate::store::Item;
use event_store::Document;
use jiff::Timestamp;
use resilience::{BackOff, Jitter};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a delivery is kept.
pub(crate) const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// How many attempts are listed. Older ones are dropped.
const MOST_LOGGED: usize = 40;

/// How early a message may arrive and still be handled: queues and clocks round to seconds.
const TOLERANCE: Duration = Duration::from_secs(2);

/// How old a message may be when it is due. An older one is deleted, and the index keeps the delivery instead: a message that
/// stayed would be dead-lettered for its age.
const LONGEST_IN_QUEUE: Duration = Duration::from_mins(15);

/// A message that is not handled this long after it was due counts as lost. Each time in a row takes twice as long, because
/// the queue may only be long.
pub(crate) const LOST_AFTER: Duration = Duration::from_mins(15);

/// How early a delivery leaves the index: the schedule runs once in this time, and its message is delayed by the rest.
const LEAVES_INDEX_EARLY: Duration = Duration::from_mins(1);

/// Between two deferrals of a delivery.
const DEFERRAL: BackOff = BackOff { first: Duration::from_secs(2), longest: Duration::from_hours(1) };

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
        /// When the schedule sends a new message. The same moment as `next_at` if it waits in the index; later if it has a
        /// message, which then counts as lost.
        overdue_at: Timestamp,
    },
    /// The endpoint answered with a 2xx.
    Delivered { at: Timestamp },
    /// The last attempt failed.
    Exhausted { at: Timestamp },
    /// Its endpoint was disabled or deleted.
    Ended { at: Timestamp, because: EndedBecause },
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
    /// The event that it is about. Test events and deliveries of older builds have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<OfEvent>,
    pub(crate) created_at: Timestamp,
    pub(crate) state: DeliveryState,
    /// The newest attempts, oldest first.
    pub(crate) attempts: Vec<Attempt>,
    /// How many attempts were made in all.
    pub(crate) attempted: u32,
    /// How many of them were made before the current round. A redelivery starts a new round of the retry schedule.
    pub(crate) before_this_round: u32,
    /// The number of its newest message, from 1.
    #[serde(default)]
    pub(crate) message: u32,
    /// When that message was sent.
    #[serde(default)]
    sent_at: Timestamp,
    /// How often it was deferred since its last attempt.
    #[serde(default)]
    deferrals: u32,
}

impl Delivery {
    /// A new delivery, due at once, whose first message is about to be sent.
    pub(crate) fn new(endpoint: &str, message: Outgoing, now: Timestamp) -> Self {
        let Outgoing { id, kind, body, of } = message;
        Self {
            id,
            endpoint: endpoint.to_owned(),
            kind: kind.to_owned(),
            body,
            of,
            created_at: now,
            state: DeliveryState::Pending { next_at: now, overdue_at: now },
            attempts: Vec::new(),
            attempted: 0,
            before_this_round: 0,
            message: 0,
            sent_at: now,
            deferrals: 0,
        }
        .with_new_message(now, now)
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

    /// Whether the next attempt is due, or almost.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.next_at().is_some_and(|next_at| next_at <= later(now, TOLERANCE))
    }

    /// When this message of it is due, if the message stays in the queue; `None` if the message has nothing more to do.
    pub(crate) fn in_queue_until(&self, message: u32) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Pending { next_at, overdue_at } => {
                (self.message == message && next_at < overdue_at).then_some(next_at)
            }
            DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. }
            | DeliveryState::Ended { .. } => None,
        }
    }

    /// The newest attempt of the current round.
    pub(crate) fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.number > self.before_this_round)
    }

    /// The delivery with this attempt; `None` if the attempt is not the next one.
    pub(crate) fn with_attempt(
        &self,
        attempt: &Attempt,
        retry_after: Option<Duration>,
        now: Timestamp,
        jitter: &dyn Jitter,
    ) -> Option<Self> {
        if attempt.number != self.attempted + 1 {
            return None;
        }
        let mut new = self.clone();
        new.attempts.push(attempt.clone());
        new.attempts.drain(..new.attempts.len().saturating_sub(MOST_LOGGED));
        new.attempted = attempt.number;
        new.deferrals = 0;
        new.state = match (&self.state, attempt.outcome) {
            (_, outcome) if outcome.is_success() => DeliveryState::Delivered { at: now },
            (_, Outcome::Status(410)) => {
                DeliveryState::Ended { at: now, because: EndedBecause::EndpointDisabled }
            }
            (DeliveryState::Pending { .. }, _) => {
                let tried = new.attempted.saturating_sub(self.before_this_round);
                let next = next_try(tried, now, retry_after, jitter);
                next.map_or(DeliveryState::Exhausted { at: now }, |next_at| self.waiting(next_at))
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

    /// The delivery without the order's personal data; `None` if it has none.
    pub(crate) fn erased(&self) -> Option<Self> {
        erased(&self.body).map(|body| Self { body, ..self.clone() })
    }

    /// The delivery, not due before `until`. This counts as no attempt. Each time in a row it waits longer, whatever `until`
    /// is. `None` if it is not pending, or another message has it now.
    pub(crate) fn deferred(
        &self,
        message: u32,
        until: Timestamp,
        now: Timestamp,
        jitter: &dyn Jitter,
    ) -> Option<Self> {
        self.next_at().filter(|_| self.message == message)?;
        let deferrals = self.deferrals.saturating_add(1);
        let next_at = until.max(later(now, DEFERRAL.wait(deferrals, jitter)));
        Some(Self { state: self.waiting(next_at), deferrals, ..self.clone() })
    }

    /// The delivery, kept for its message while a run calls the endpoint, which takes up to `run`. `None` if it is kept that
    /// long already, or another message has it now.
    pub(crate) fn kept(&self, message: u32, now: Timestamp, run: Duration) -> Option<Self> {
        match self.state {
            DeliveryState::Pending { next_at, overdue_at } if overdue_at < later(now, run) => {
                let state = DeliveryState::Pending { next_at, overdue_at: later(now, LOST_AFTER) };
                (self.message == message).then(|| Self { state, ..self.clone() })
            }
            DeliveryState::Pending { .. }
            | DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. }
            | DeliveryState::Ended { .. } => None,
        }
    }

    /// The delivery, due now under the same id, with a new message; `None` if it is due already.
    pub(crate) fn redelivered(&self, now: Timestamp) -> Option<Self> {
        let before_this_round = match self.state {
            DeliveryState::Pending { next_at, .. } if next_at <= now => return None,
            DeliveryState::Pending { .. } => self.before_this_round,
            DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. }
            | DeliveryState::Ended { .. } => self.attempted,
        };
        Some(Self { before_this_round, ..self.with_new_message(now, now) })
    }

    /// The delivery with a new message, because its time in the index ends, or its message was lost. `None` if it still has a
    /// message, or time.
    pub(crate) fn resent(&self, now: Timestamp) -> Option<Self> {
        let DeliveryState::Pending { next_at, overdue_at } = self.state else { return None };
        if next_at == overdue_at {
            let is_soon = next_at <= later(now, LEAVES_INDEX_EARLY);
            return is_soon.then(|| self.with_new_message(next_at.max(now), now));
        }
        let waited = overdue_at.duration_since(next_at).unsigned_abs();
        let state = DeliveryState::Pending { next_at: now, overdue_at: later(now, waited * 2) };
        (overdue_at <= now).then(|| Self { state, ..self.with_new_message(now, now) })
    }

    /// The delivery without this message, which the queue did not take: it waits in the index. `None` if another message has
    /// it now.
    pub(crate) fn without(&self, message: u32) -> Option<Self> {
        let next_at = self.in_queue_until(message)?;
        Some(Self { state: DeliveryState::Pending { next_at, overdue_at: next_at }, ..self.clone() })
    }

    fn with_new_message(&self, next_at: Timestamp, now: Timestamp) -> Self {
        let new = Self { message: self.message.saturating_add(1), sent_at: now, ..self.clone() };
        Self { state: new.waiting(next_at), ..new }
    }

    /// Waiting for this moment: with its message in the queue if that is young enough then, else in the index.
    fn waiting(&self, next_at: Timestamp) -> DeliveryState {
        let fits = next_at <= later(self.sent_at, LONGEST_IN_QUEUE);
        let overdue_at = if fits { later(next_at, LOST_AFTER) } else { next_at };
        DeliveryState::Pending { next_at, overdue_at }
    }
}

/// Until when the schedule looks into the index.
pub(crate) fn schedule_until(now: Timestamp) -> Timestamp {
    later(now, LEAVES_INDEX_EARLY)
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
