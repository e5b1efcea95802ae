//! The queues, with the semantics of SQS: a message that was received is hidden for its visibility time-out and is then
//! redelivered, unless it was deleted. The calls that a consumer makes to its queue go through the gate of chance.

use super::chance::Chance;
use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{DeadLetter, Queue, QueueError};
use resilience::Clock;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The visibility time-out.
const VISIBILITY: Duration = Duration::from_mins(2);

/// A message as it is sent.
#[derive(Debug, Clone)]
pub(super) struct NewMessage {
    pub(super) queue: &'static str,
    pub(super) body: Arc<str>,
    pub(super) sent_at: Timestamp,
    /// It is hidden before.
    pub(super) visible_at: Timestamp,
}

/// A message as a consumer receives it.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) id: u64,
    pub(super) body: Arc<str>,
    pub(super) sent_at: Timestamp,
    pub(super) deliveries: u32,
}

impl Received {
    /// The receipt handle of this delivery. The handle of an earlier delivery is not valid any more.
    pub(super) fn receipt(&self) -> String {
        receipt(self.id, self.deliveries)
    }
}

fn receipt(id: u64, deliveries: u32) -> String {
    format!("{id}/{deliveries}")
}

/// All queues.
#[derive(Default)]
pub(super) struct Queues(Mutex<Messages>);

#[derive(Default)]
struct Messages {
    /// By id, with the number of deliveries.
    all: HashMap<u64, (NewMessage, u32)>,
    /// The ids of the visible ones, by queue.
    visible: BTreeMap<&'static str, Vec<u64>>,
    /// The ids of the hidden ones, by the time at which they become visible.
    hidden: BTreeSet<(Timestamp, u64)>,
    dead_letters: Vec<DeadLetter>,
    last_id: u64,
}

impl Queues {
    pub(super) fn send(&self, message: NewMessage) {
        let mut messages = self.messages();
        messages.last_id += 1;
        let id = messages.last_id;
        messages.hidden.insert((message.visible_at, id));
        messages.all.insert(id, (message, 0));
    }

    /// Receives up to `most` visible messages of one queue. Chance chooses the queue and the messages.
    pub(super) fn receive(
        &self,
        now: Timestamp,
        most: usize,
        chance: &Chance,
    ) -> Option<(&'static str, Vec<Received>)> {
        let mut messages = self.messages();
        messages.show(now);
        let full = messages.visible.iter().filter(|(_, ids)| !ids.is_empty());
        let queues: Vec<&'static str> = full.map(|(queue, _)| *queue).collect();
        let queue = *queues.get(chance.below(queues.len()))?;
        let mut received = Vec::new();
        while received.len() < most
            && let Some(id) = messages.choose(queue, chance)
        {
            // At-least-once delivery: now and then a message that was just received stays visible.
            let hidden_for = if chance.fault("message twice", 40) { Duration::ZERO } else { VISIBILITY };
            received.extend(messages.hide(id, now.saturating_add(hidden_for).unwrap_or(Timestamp::MAX)));
        }
        Some((queue, received))
    }

    pub(super) fn delete(&self, id: u64) {
        let mut messages = self.messages();
        if let Some((message, _)) = messages.all.remove(&id) {
            messages.hidden.remove(&(message.visible_at, id));
        }
    }

    /// The number of visible messages in these queues.
    pub(super) fn visible(&self, queues: &[&str]) -> usize {
        let messages = self.messages();
        queues.iter().filter_map(|queue| messages.visible.get(queue)).map(Vec::len).sum()
    }

    /// The time at which the next message is visible.
    pub(super) fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let messages = self.messages();
        if messages.visible.values().any(|ids| !ids.is_empty()) {
            return Some(now);
        }
        messages.hidden.first().map(|(visible_at, _)| *visible_at)
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.messages().dead_letters.clone()
    }

    fn messages(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Messages {
    fn show(&mut self, now: Timestamp) {
        while let Some((visible_at, id)) = self.hidden.first().copied()
            && visible_at <= now
        {
            self.hidden.remove(&(visible_at, id));
            if let Some((message, _)) = self.all.get(&id) {
                self.visible.entry(message.queue).or_default().push(id);
            }
        }
    }

    /// One visible message of a queue. Messages that were deleted meanwhile are skipped.
    fn choose(&mut self, queue: &str, chance: &Chance) -> Option<u64> {
        let ids = self.visible.get_mut(queue)?;
        while !ids.is_empty() {
            let id = ids.swap_remove(chance.below(ids.len()));
            if self.all.contains_key(&id) {
                return Some(id);
            }
        }
        None
    }

    fn hide(&mut self, id: u64, hidden_until: Timestamp) -> Option<Received> {
        let (message, deliveries) = self.all.get_mut(&id)?;
        *deliveries += 1;
        message.visible_at = hidden_until;
        self.hidden.insert((hidden_until, id));
        let (body, sent_at) = (message.body.clone(), message.sent_at);
        Some(Received { id, body, sent_at, deliveries: *deliveries })
    }
}

/// A consumer's access to its queue.
pub(super) struct QueueClient {
    pub(super) queues: Arc<Queues>,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Queue for QueueClient {
    async fn retry_after(&self, handle: &str, wait: Duration) -> Result<(), QueueError> {
        let visible_at = self.clock.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        let mut messages = self.queues.messages();
        let id = handle.split('/').next().and_then(|id| id.parse().ok()).unwrap_or_default();
        let Some((message, deliveries)) = messages.all.get_mut(&id) else {
            return Err(QueueError("the message was deleted".to_owned()));
        };
        if receipt(id, *deliveries) != handle {
            return Err(QueueError("the message was received again since".to_owned()));
        }
        let before = std::mem::replace(&mut message.visible_at, visible_at);
        if messages.hidden.remove(&(before, id)) {
            messages.hidden.insert((visible_at, id));
        }
        Ok(())
    }

    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        self.queues.messages().dead_letters.push(letter.clone());
        Ok(())
    }
}
