//! The delivery queue with the semantics of SQS, and the event source that invokes `deliver-webhook`. It records what must
//! never happen: a second message of a delivery, a dead letter, a long chain of invocations.

use super::time::{VirtualClock, start};
use async_trait::async_trait;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::Timestamp;
use outbound::{DeadLetter, Queue, QueueError, Work, WorkQueue};
use resilience::Clock as _;
use runtime::queue::Worker;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The visibility timeout of the queue, which is longer than a run of the function.
const VISIBILITY: Duration = Duration::from_secs(50);
const BATCH: usize = 10;
/// How often an environment without work looks for messages. There are many, so that one of them looks more often.
const IDLE: Duration = Duration::from_secs(2);

tokio::task_local! {
    /// How many invocations of `deliver-webhook` are in the chain that the current one belongs to.
    static CHAIN: u32;
}

struct Message {
    body: String,
    delivery: String,
    sent_at: Timestamp,
    visible_at: Timestamp,
    receives: u32,
    chain: u32,
}

/// What the queue has seen.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) second_messages: Vec<String>,
    pub(super) dead_letters: Vec<String>,
    pub(super) longest_chain: u32,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// The receives of each minute.
    pub(super) by_minute: BTreeMap<i64, u64>,
    pub(super) most_receives: u32,
}

impl Seen {
    /// The receives of the busiest minute.
    pub(super) fn busiest_minute(&self) -> u64 {
        self.by_minute.values().max().copied().unwrap_or(0)
    }
}

#[derive(Default)]
struct State {
    messages: BTreeMap<u64, Message>,
    by_time: BTreeSet<(Timestamp, u64)>,
    /// The deliveries that have a message.
    with_message: BTreeSet<String>,
    last_id: u64,
    seen: Seen,
}

pub(super) struct ModelQueue {
    clock: Arc<VirtualClock>,
    state: Mutex<State>,
}

impl ModelQueue {
    pub(super) fn new(clock: Arc<VirtualClock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    pub(super) fn seen(&self) -> Seen {
        self.state.lock().unwrap().seen.clone()
    }

    /// Invokes the worker with the visible messages, one batch after the other, as one environment of the function does.
    pub(super) async fn invoke(self: Arc<Self>, worker: Worker) {
        loop {
            let (batch, chain) = self.receive();
            if batch.records.is_empty() {
                self.clock.sleep(IDLE).await;
                continue;
            }
            let ids: Vec<u64> = batch.records.iter().map(id_of).collect();
            let response = CHAIN.scope(chain + 1, worker.work(batch)).await;
            let failed: BTreeSet<&str> =
                response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
            let mut state = self.state.lock().unwrap();
            for id in ids.into_iter().filter(|id| !failed.contains(id.to_string().as_str())) {
                if let Some(message) = state.messages.remove(&id) {
                    state.by_time.remove(&(message.visible_at, id));
                    state.with_message.remove(&message.delivery);
                }
            }
        }
    }

    fn receive(&self) -> (SqsEvent, u32) {
        let (now, mut event, mut chain) = (self.clock.now(), SqsEvent::default(), 0);
        let mut state = self.state.lock().unwrap();
        while event.records.len() < BATCH
            && let Some((visible_at, id)) = state.by_time.first().copied()
            && visible_at <= now
        {
            state.by_time.remove(&(visible_at, id));
            let hidden_until = now + VISIBILITY;
            state.by_time.insert((hidden_until, id));
            let message = state.messages.get_mut(&id).unwrap();
            message.receives += 1;
            message.visible_at = hidden_until;
            chain = chain.max(message.chain);
            event.records.push(record(id, message));
            let receives = message.receives;
            let minute = now.duration_since(start()).as_secs() / 60;
            *state.seen.by_minute.entry(minute).or_default() += 1;
            state.seen.received += 1;
            state.seen.most_receives = state.seen.most_receives.max(receives);
            state.seen.longest_chain = state.seen.longest_chain.max(chain + 1);
        }
        (event, chain)
    }
}

fn record(id: u64, message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(id.to_string());
    record.receipt_handle = Some(id.to_string());
    record.body = Some(message.body.clone());
    record.attributes = [
        ("ApproximateReceiveCount".to_owned(), message.receives.to_string()),
        ("SentTimestamp".to_owned(), message.sent_at.as_millisecond().to_string()),
    ]
    .into();
    record
}

fn id_of(record: &SqsMessage) -> u64 {
    record.message_id.as_deref().unwrap().parse().unwrap()
}

#[async_trait]
impl WorkQueue for ModelQueue {
    async fn send(&self, work: &Work) -> Result<(), QueueError> {
        let job: serde_json::Value = serde_json::from_str(&work.body).unwrap();
        let delivery = format!("{}/{}", job["endpoint"], job["delivery"]);
        let sent_at = self.clock.now();
        let visible_at = sent_at + work.delay;
        let mut state = self.state.lock().unwrap();
        if !state.with_message.insert(delivery.clone()) {
            state.seen.second_messages.push(format!("{sent_at}: {delivery}"));
        }
        state.last_id += 1;
        state.seen.sent += 1;
        let (id, body, chain) = (state.last_id, work.body.clone(), CHAIN.try_get().unwrap_or(0));
        state.by_time.insert((visible_at, id));
        state.messages.insert(id, Message { body, delivery, sent_at, visible_at, receives: 0, chain });
        Ok(())
    }
}

#[async_trait]
impl Queue for ModelQueue {
    async fn retry_after(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        let id: u64 = receipt.parse().unwrap();
        let mut state = self.state.lock().unwrap();
        let message = state.messages.get_mut(&id).unwrap();
        // SQS counts in whole seconds.
        let visible_at = self.clock.now() + Duration::from_secs(wait.as_secs());
        let before = std::mem::replace(&mut message.visible_at, visible_at);
        state.by_time.remove(&(before, id));
        state.by_time.insert((visible_at, id));
        Ok(())
    }

    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        self.state.lock().unwrap().seen.dead_letters.push(format!("{}: {}", letter.reason, letter.body));
        Ok(())
    }
}
