//! The flow of messages: from a stream to its readers, from a topic to its queues, from a queue to its consumer.

use super::delivery_queue::{DELIVER, PLAN};
use super::event_loop::Simulation;
use super::invocations::{Invocation, Work};
use super::queues::{NewMessage, Received};
use super::streams;
use super::world::Source;
use aws_lambda_events::sqs::SqsBatchResponse;
use event_store::Written;
use events::Envelope;
use jiff::Timestamp;
use std::hash::Hash as _;
use std::sync::Arc;
use std::time::Duration;
use steps::subscriptions::{PUSH_UPDATES, QUEUES, is_read, is_subscribed};

impl Simulation {
    pub(super) fn start_batch(&mut self) -> bool {
        let first = self.world.chance.below(self.sources.len());
        let most = self.world.chance.below(5) + 1;
        for turn in 0..self.sources.len() {
            let place = (first + turn) % self.sources.len();
            let Some(source) = self.sources.get_mut(place) else { continue };
            if source.is_busy {
                continue;
            }
            let mut batch = self.world.table(source.table).stream_next(source.seen, most);
            let count = batch.len();
            batch.retain(|item| is_read(source.name, item));
            if batch.is_empty() {
                source.seen += count;
                if count > 0 {
                    return true;
                }
                continue;
            }
            source.is_busy = true;
            if self.world.chance.fault("record that no reader handles", 20) {
                let at = self.world.chance.below(batch.len() + 1);
                let poison = streams::poison(self.invocation_count);
                // The reader may dead-letter it and then fail at another record, or stop.
                self.may_be_dead
                    .extend(streams::poison_in(&poison).map(|key| testkit::letter_of(&key).into()));
                batch.insert(at, poison);
            }
            self.note(&("batch", source_name(&self.sources, place), first_of(&batch)));
            let source = self.sources.get(place).expect("the same source");
            self.invocations.push(Invocation::batch(place, batch, count, source));
            self.invocation_count += 1;
            return true;
        }
        false
    }

    pub(super) fn start_messages(&mut self, now: Timestamp) -> bool {
        let most = 1 + self.world.chance.below(4);
        let Some((queue, messages)) = self.world.queues.receive(now, most, &self.world.chance) else {
            return false;
        };
        if messages.is_empty() {
            return false;
        }
        for message in &messages {
            (queue, message.id, message.deliveries).hash(&mut self.trace);
        }
        let worker = if queue == DELIVER {
            for message in &messages {
                self.expected.received(message);
            }
            // The limit of calls at once to an endpoint holds in one process, so each invocation gets a process.
            self.world.worker(queue)
        } else {
            self.workers.get(queue).expect("every queue has a worker").clone()
        };
        self.invocations.push(Invocation::messages(queue, messages, worker));
        self.invocation_count += 1;
        true
    }

    /// Deletes the messages that were handled; the others return to the queue.
    pub(super) fn worked(&mut self, queue: &'static str, messages: &[Received], response: &SqsBatchResponse) {
        let failures = &response.batch_item_failures;
        for message in messages {
            if failures.iter().any(|failure| failure.item_identifier == message.id.to_string()) {
                continue;
            }
            self.world.queues.delete(message.id);
            if queue == PLAN {
                self.expected.planned(&self.world, &self.owners, &message.body);
            }
        }
    }

    /// An invocation that met a fault may call an endpoint more often than needed.
    pub(super) fn note_disturbance(&mut self, invocation: &Invocation) {
        if let Work::Messages(DELIVER, messages) = &invocation.work
            && (invocation.met_a_fault || invocation.is_zombie)
        {
            for message in messages {
                self.expected.disturbed(message);
            }
        }
    }

    /// The delay of a message. Messages that others follow from are late more often, so that they are overtaken.
    /// Minutes are within the time in which an order can be paid, hours are not.
    fn lateness(&self, envelope: &Envelope) -> Duration {
        let chance = &self.world.chance;
        let is_overtaken =
            ["OrderPlaced", "OrderPaid", "InventoryUpdated"].contains(&envelope.event_type.as_str());
        if chance.fault("message minutes late", if is_overtaken { 20 } else { 2 }) {
            Duration::from_mins(1 + chance.below(25) as u64)
        } else if chance.fault("message hours late", if is_overtaken { 10 } else { 2 }) {
            Duration::from_hours(1 + chance.below(6) as u64)
        } else {
            Duration::from_millis(chance.below(300) as u64)
        }
    }

    /// Sends what was published to a topic to the subscribed queues: mostly at once, sometimes hours later.
    pub(super) fn fan_out(&mut self, place: usize) {
        let Some(topic) = self.sources.get(place).and_then(|source| source.topic.clone()) else { return };
        let now = self.now();
        for publication in topic.take_published() {
            let envelope: Envelope = serde_json::from_str(&publication.body).expect("an envelope");
            let body: Arc<str> = publication.body.into();
            // Nothing follows an order here: live_clients.rs simulates that.
            let is_deployed =
                |queue: &&str| *queue != PUSH_UPDATES && (self.world.has_endpoints || *queue != PLAN);
            for queue in
                QUEUES.into_iter().filter(is_deployed).filter(|queue| is_subscribed(queue, &envelope))
            {
                let late = self.lateness(&envelope);
                let visible_at = now.saturating_add(late).unwrap_or(Timestamp::MAX);
                let send = |body| {
                    self.world.queues.send(NewMessage { queue, body, sent_at: now, visible_at });
                };
                if self.world.chance.fault("message cut in half", 1) {
                    let half: Arc<str> = body.get(..body.len() / 2).unwrap_or_default().into();
                    self.unreadable.insert(half.clone());
                    send(half);
                }
                send(body.clone());
            }
            self.published.insert(envelope.id.as_str().to_owned());
        }
    }
}

fn source_name(sources: &[Source], place: usize) -> &'static str {
    sources.get(place).map_or("", |source| source.name)
}

fn first_of(batch: &[Written]) -> String {
    match batch.first() {
        Some(Written::Event(envelope)) => envelope.id.as_str().to_owned(),
        Some(Written::Document(key, _)) => key.to_string(),
        None => String::new(),
    }
}
