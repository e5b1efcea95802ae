//! Delivery: what streams carry to their readers, topics to queues, and queues to their consumers.

use super::callbacks::{DELIVER, PLAN};
use super::jobs::{Job, Work};
use super::mailroom::{Posted, Taken};
use super::play::Play;
use super::queues::{QUEUES, is_subscribed};
use super::streams::passes;
use super::world::Source;
use aws_lambda_events::sqs::SqsBatchResponse;
use event_store::Written;
use events::Envelope;
use jiff::Timestamp;
use std::hash::Hash as _;
use std::sync::Arc;
use std::time::Duration;

impl Play {
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
            batch.retain(|item| passes(source.name, item));
            if batch.is_empty() {
                source.seen += count;
                if count > 0 {
                    return true;
                }
                continue;
            }
            source.is_busy = true;
            self.note(&("batch", source_name(&self.sources, place), first_of(&batch)));
            let source = self.sources.get(place).expect("the same source");
            self.jobs.push(Job::batch(place, batch, count, source));
            self.invocations += 1;
            return true;
        }
        false
    }

    pub(super) fn start_messages(&mut self, now: Timestamp) -> bool {
        let most = 1 + self.world.chance.below(4);
        let Some((queue, taken)) = self.world.mailroom.take(now, most, &self.world.chance) else {
            return false;
        };
        if taken.is_empty() {
            return false;
        }
        for taken in &taken {
            (queue, taken.ticket, taken.deliveries).hash(&mut self.trace);
        }
        let worker = if queue == DELIVER {
            for taken in &taken {
                self.watched.handed(taken);
            }
            // In each process messages stand in lines of its own.
            self.world.worker(queue, self.world.deliver_webhook())
        } else {
            self.workers.get(queue).expect("every queue has one").clone()
        };
        self.jobs.push(Job::messages(queue, taken, worker));
        self.invocations += 1;
        true
    }

    /// What was handled is deleted, and the rest comes back.
    pub(super) fn worked(&mut self, queue: &'static str, taken: &[Taken], response: &SqsBatchResponse) {
        let failures = &response.batch_item_failures;
        for taken in taken {
            if failures.iter().any(|failure| failure.item_identifier == taken.ticket.to_string()) {
                continue;
            }
            self.world.mailroom.delete(taken.ticket);
            if queue == PLAN {
                self.watched.planned(&self.world, &self.owners, &taken.body);
            }
        }
    }

    /// A delivery may be made more often than needed if something befell whoever had it in hands.
    pub(super) fn look_at_hands(&mut self, job: &Job) {
        if let Work::Messages(DELIVER, taken) = &job.work
            && (job.met_a_fault || job.is_zombie)
        {
            for taken in taken {
                self.watched.harmed(taken);
            }
        }
    }

    /// How long a message is under way: more of those that others may overtake are late. Minutes are within the time in
    /// which an order can be paid, hours are not.
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

    /// What a topic took goes to the queues that are subscribed to it: mostly at once, sometimes hours later.
    pub(super) fn fan_out(&mut self, place: usize) {
        let Some(topic) = self.sources.get(place).and_then(|source| source.topic.clone()) else { return };
        let now = self.now();
        for publication in topic.take_published() {
            let envelope: Envelope = serde_json::from_str(&publication.body).expect("an envelope of ours");
            let body: Arc<str> = publication.body.into();
            let is_deployed = |queue: &&str| self.world.has_endpoints || *queue != PLAN;
            for queue in
                QUEUES.into_iter().filter(is_deployed).filter(|queue| is_subscribed(queue, &envelope))
            {
                let late = self.lateness(&envelope);
                let ready_at = now.saturating_add(late).unwrap_or(Timestamp::MAX);
                if self.world.chance.fault("message that nobody can read", 1) {
                    let half: Arc<str> = body.get(..body.len() / 2).unwrap_or_default().into();
                    self.unreadable.insert(half.clone());
                    self.world.mailroom.post(Posted { queue, body: half, sent_at: now, ready_at });
                }
                self.world.mailroom.post(Posted { queue, body: body.clone(), sent_at: now, ready_at });
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
