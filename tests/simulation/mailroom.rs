//! The queues, as SQS keeps them: a message that was taken is not seen by others for a while, and comes again unless it
//! is deleted. What a consumer does to its queue by itself goes through the gate of chance, as every other call does.

use super::chance::Chance;
use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{DeadLetter, Queue, QueueError};
use resilience::Clock;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// As long as a message is not seen by others once it was taken.
const VISIBILITY: Duration = Duration::from_mins(2);

/// A message in its queue.
#[derive(Debug, Clone)]
pub(super) struct Posted {
    pub(super) queue: &'static str,
    pub(super) body: Arc<str>,
    pub(super) sent_at: Timestamp,
    /// It is not visible before.
    pub(super) ready_at: Timestamp,
}

/// A message in somebody's hands.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) ticket: u64,
    pub(super) body: Arc<str>,
    pub(super) sent_at: Timestamp,
    pub(super) deliveries: u32,
}

impl Taken {
    /// The handle of this delivery: an earlier one is worth nothing.
    pub(super) fn receipt(&self) -> String {
        receipt(self.ticket, self.deliveries)
    }
}

fn receipt(ticket: u64, deliveries: u32) -> String {
    format!("{ticket}/{deliveries}")
}

/// All queues.
#[derive(Default)]
pub(super) struct Mailroom(Mutex<Room>);

#[derive(Default)]
struct Room {
    messages: HashMap<u64, (Posted, u32)>,
    /// The visible ones by queue.
    visible: BTreeMap<&'static str, Vec<u64>>,
    /// The others by when they will be.
    hidden: BTreeSet<(Timestamp, u64)>,
    letters: Vec<DeadLetter>,
    made: u64,
}

impl Mailroom {
    pub(super) fn post(&self, message: Posted) {
        let mut room = self.room();
        room.made += 1;
        let ticket = room.made;
        room.hidden.insert((message.ready_at, ticket));
        room.messages.insert(ticket, (message, 0));
    }

    /// Up to `most` messages of one queue that are visible now: which ones is chance's.
    pub(super) fn take(
        &self,
        now: Timestamp,
        most: usize,
        chance: &Chance,
    ) -> Option<(&'static str, Vec<Taken>)> {
        let mut room = self.room();
        room.show(now);
        let full = room.visible.iter().filter(|(_, tickets)| !tickets.is_empty());
        let queues: Vec<&'static str> = full.map(|(queue, _)| *queue).collect();
        let queue = *queues.get(chance.below(queues.len()))?;
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(ticket) = room.draw(queue, chance)
        {
            // At least once: now and then a message that is in somebody's hands is visible still.
            let hidden_for = if chance.fault("message twice", 40) { Duration::ZERO } else { VISIBILITY };
            taken.extend(room.hand_over(ticket, now.saturating_add(hidden_for).unwrap_or(Timestamp::MAX)));
        }
        Some((queue, taken))
    }

    /// It was handled.
    pub(super) fn delete(&self, ticket: u64) {
        let mut room = self.room();
        if let Some((message, _)) = room.messages.remove(&ticket) {
            room.hidden.remove(&(message.ready_at, ticket));
        }
    }

    /// How many messages of these queues are visible.
    pub(super) fn waiting(&self, queues: &[&str]) -> usize {
        let room = self.room();
        queues.iter().filter_map(|queue| room.visible.get(queue)).map(Vec::len).sum()
    }

    /// When something is visible next.
    pub(super) fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let room = self.room();
        if room.visible.values().any(|tickets| !tickets.is_empty()) {
            return Some(now);
        }
        room.hidden.first().map(|(ready_at, _)| *ready_at)
    }

    /// What was set aside.
    pub(super) fn letters(&self) -> Vec<DeadLetter> {
        self.room().letters.clone()
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn show(&mut self, now: Timestamp) {
        while let Some((ready_at, ticket)) = self.hidden.first().copied()
            && ready_at <= now
        {
            self.hidden.remove(&(ready_at, ticket));
            if let Some((message, _)) = self.messages.get(&ticket) {
                self.visible.entry(message.queue).or_default().push(ticket);
            }
        }
    }

    /// One visible message of a queue; those that were deleted meanwhile are passed over.
    fn draw(&mut self, queue: &str, chance: &Chance) -> Option<u64> {
        let tickets = self.visible.get_mut(queue)?;
        while !tickets.is_empty() {
            let ticket = tickets.swap_remove(chance.below(tickets.len()));
            if self.messages.contains_key(&ticket) {
                return Some(ticket);
            }
        }
        None
    }

    fn hand_over(&mut self, ticket: u64, hidden_until: Timestamp) -> Option<Taken> {
        let (message, deliveries) = self.messages.get_mut(&ticket)?;
        *deliveries += 1;
        message.ready_at = hidden_until;
        self.hidden.insert((hidden_until, ticket));
        let (body, sent_at) = (message.body.clone(), message.sent_at);
        Some(Taken { ticket, body, sent_at, deliveries: *deliveries })
    }
}

/// A consumer's own hand on its queue.
pub(super) struct Hand {
    pub(super) mailroom: Arc<Mailroom>,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Queue for Hand {
    async fn retry_after(&self, handle: &str, wait: Duration) -> Result<(), QueueError> {
        let ready_at = self.clock.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        let mut room = self.mailroom.room();
        let ticket = handle.split('/').next().and_then(|ticket| ticket.parse().ok()).unwrap_or_default();
        let Some((message, deliveries)) = room.messages.get_mut(&ticket) else {
            return Err(QueueError("the message is gone".to_owned()));
        };
        if receipt(ticket, *deliveries) != handle {
            return Err(QueueError("the message is in other hands".to_owned()));
        }
        let before = std::mem::replace(&mut message.ready_at, ready_at);
        if room.hidden.remove(&(before, ticket)) {
            room.hidden.insert((ready_at, ticket));
        }
        Ok(())
    }

    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        self.mailroom.room().letters.push(letter.clone());
        Ok(())
    }
}
