//! `replay-events`: sends stored events of one service to one consumer's queue again.
//!
//! - Trigger: an operator, by `make replay …`: `{"service", "to", "do": "plan" | "send", "subjects" | "since" and "until",
//!   "per_second"?, "cursor"?, "by"?}`. `subjects` are order ids, or SKUs of the catalog. A range of time holds the events from
//!   `since` on and before `until`; it is found by a scan of the whole table, whose cost the answer states.
//! - Effect of a send: each selected event that the consumer's subscription passes is sent to its queue, marked as replayed
//!   ([`events::Envelope::replayed`]), after a delay that spreads the messages by `per_second`. A plan sends nothing. Events that
//!   the consumer would refuse for their age ([`runtime::replayed`]) are counted and not sent.
//! - Publishes: nothing. No other consumer gets the events.
//! - Idempotent as far as its consumer is: a repeated run sends duplicates, which every consumer tolerates.
//! - A run is bounded by time, by pages, and by the delay of its messages. The answer then has a cursor, with which the same
//!   request goes on.
//! - Retry: a table or the queue is unavailable. The error has the cursor behind the last event that was sent.
//! - Reject: an invalid request, an unknown consumer, one that does not subscribe to the service, a cursor of another request.
//!
//! It reads the events of every service, see `docs/decisions/one-function-replays-every-service.md`. No event is logged or answered.

mod cursor;
mod input;
mod pace;
mod source;
mod tally;
#[cfg(test)]
mod tests;

use crate::subscriptions::{
    ERASURE, NOTIFY_CUSTOMER, PLAN_DELIVERIES, PUSH_UPDATES, SUBSCRIPTIONS, is_subscribed,
};
use async_trait::async_trait;
use cursor::Cursor;
use event_store::limits::escaped;
use event_store::{EventScan, EventStore};
use events::{Envelope, Service};
use input::ReplayRequest;
use jiff::{SignedDuration, Timestamp};
use outbound::{Work, WorkQueue};
use pace::Pace;
use resilience::{Clock, Failure};
use runtime::command::Command;
use runtime::replayed::{ANNOUNCED_WITHIN, PLANNED_WITHIN, is_older};
use serde_json::Value;
use source::Batch;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;

pub use input::{PlanOrSend, Replay};

/// How many items one request of a scan reads: they have about half a megabyte.
const PAGE: u32 = 500;
/// How many pages of a scan, or streams, one run reads.
const MOST_BATCHES: u32 = 100;
/// The longest message group that SQS allows.
const LONGEST_GROUP: usize = 128;

/// The step. See the module.
pub struct ReplayEvents {
    /// The events of each service.
    pub services: BTreeMap<Service, ServiceEvents>,
    /// The queues of the consumers, by the names of the functions.
    pub queues: BTreeMap<String, Arc<dyn WorkQueue>>,
    /// Bounds a run, and dates the replay.
    pub clock: Arc<dyn Clock>,
    /// How long a run reads and sends.
    pub work_for: Duration,
}

/// How the events of one service are read.
#[derive(Clone)]
pub struct ServiceEvents {
    /// By stream.
    pub store: Arc<dyn EventStore>,
    /// All of them.
    pub scan: Arc<dyn EventScan>,
}

/// How old an event may be for this consumer to take it from a replay. `None`: of any age.
fn taken_within(consumer: &str) -> Option<SignedDuration> {
    match consumer {
        PLAN_DELIVERIES => Some(PLANNED_WITHIN),
        NOTIFY_CUSTOMER => Some(ANNOUNCED_WITHIN),
        _ => None,
    }
}

/// What the consumer does with replayed events, for the operator.
fn explain(consumer: &str) -> &'static str {
    match consumer {
        PLAN_DELIVERIES => {
            "Plans the webhook of an event for each endpoint that has been enabled since before the event and has no \
             delivery of it. Older events than a delivery is kept are refused."
        }
        NOTIFY_CUSTOMER => {
            "Stores the contact of an order that has none, of any age. Notifies the customer of an event of the last day \
             that has no notice."
        }
        "take-payment" => {
            "Goes on with payments and refunds that are open, after it has read their state at the provider. Those that \
             are settled stay as they are."
        }
        "ship-order" => {
            "Goes on with shipments that are open, after it has read their labels at the carrier. Those that have ended \
             stay as they are."
        }
        "track-order" => {
            "Records the events that an order's history lacks, as of now: mail and webhooks follow from them."
        }
        "copy-prices" => "Stores the prices of products whose copy is older.",
        _ => "Does what an event has not led to yet. What it has led to stays as it is.",
    }
}

/// What becomes of an event of the selection.
enum Fate {
    /// It is sent, or would be.
    Taken,
    /// No subscription of the consumer passes it.
    NotSubscribed,
    /// The consumer would refuse it.
    TooOld,
}

/// Whether the consumer takes the event. The contact of an order is no news, and neither is its erasure, so both are taken at any
/// age.
fn fate(consumer: &str, envelope: &Envelope, now: Timestamp) -> Fate {
    let is_contact = consumer == NOTIFY_CUSTOMER && envelope.event_type == "OrderPlaced";
    let is_erasure = envelope.event_type == ERASURE;
    let within = taken_within(consumer).filter(|_| !is_contact && !is_erasure);
    match (is_subscribed(consumer, envelope), within) {
        (false, _) => Fate::NotSubscribed,
        (true, Some(within)) if is_older(envelope, within, now) => Fate::TooOld,
        (true, _) => Fate::Taken,
    }
}

#[async_trait]
impl Command for ReplayEvents {
    type Input = Replay;

    async fn run(&self, input: Replay) -> Result<Value, Failure> {
        let work_for = input.for_seconds.map_or(self.work_for, |most| self.work_for.min(most));
        let request = input.checked()?;
        let queue = self.queue(&request)?;
        let service = self.services.get(&request.service).ok_or_else(|| {
            Failure::reject("the events of this service are in no table that this function reads")
        })?;
        let now = self.clock.now();
        let until = now.saturating_add(work_for).unwrap_or(Timestamp::MAX);
        let mut cursor = request.cursor()?.unwrap_or_else(|| Cursor::start(&request.digest(), now));
        if request.is_send() {
            tracing::info!(of = %request.service, to = request.to, by = request.by, "events are being replayed");
        }
        let mut run = Run { request: &request, queue, clock: &*self.clock, tally: Tally::default() };
        let is_done = match run.go(service, &mut cursor, until).await {
            Ok(is_done) => is_done,
            Err(failure) if run.tally.events == 0 => return Err(failure),
            Err(failure) => {
                let done = format!(
                    "{} events were handled; go on with CURSOR={}",
                    run.tally.events,
                    cursor.encode()
                );
                return Err(Failure::retry(format!("{}; {done}", failure.reason())));
            }
        };
        let wait = if is_done { Duration::ZERO } else { Pace::wait(cursor.paced_until, self.clock.now()) };
        let cursor = (!is_done).then(|| cursor.encode());
        Ok(run.tally.answer(&request, explain(&request.to), cursor.as_deref(), wait))
    }
}

impl ReplayEvents {
    /// The queue of the consumer, if it subscribes to the service.
    fn queue(&self, request: &ReplayRequest) -> Result<&dyn WorkQueue, Failure> {
        let of_service = SUBSCRIPTIONS.iter().filter(|(_, service, _)| *service == request.service);
        // A hint is of no use later.
        let replayable = of_service.map(|(function, ..)| *function).filter(|name| *name != PUSH_UPDATES);
        let subscribed: BTreeSet<&str> = replayable.collect();
        let queue = self.queues.get(&request.to).filter(|_| subscribed.contains(request.to.as_str()));
        queue.map(|queue| &**queue).ok_or_else(|| {
            let known: Vec<&str> = subscribed.into_iter().collect();
            Failure::reject(format!(
                "to names no function that subscribes to the events of {}; these do: {}",
                request.service,
                known.join(", ")
            ))
        })
    }
}

/// One run of a request.
struct Run<'a> {
    request: &'a ReplayRequest,
    queue: &'a dyn WorkQueue,
    clock: &'a dyn Clock,
    tally: Tally,
}

impl Run<'_> {
    /// Reads and sends from the cursor on, and moves it. Returns whether nothing is left.
    async fn go(
        &mut self,
        service: &ServiceEvents,
        cursor: &mut Cursor,
        until: Timestamp,
    ) -> Result<bool, Failure> {
        for _ in 0..MOST_BATCHES {
            if self.clock.now() >= until {
                return Ok(false);
            }
            let batch = self.request.selection.next_batch(service, cursor.position()).await?;
            self.tally.read(&batch);
            let Batch { events, next, .. } = batch;
            for (key, envelope) in &events {
                let is_sent = self.clock.now() < until && self.handle(envelope, cursor).await?;
                if !is_sent {
                    return Ok(false);
                }
                cursor.move_to(key);
            }
            match next {
                Some(position) => cursor.move_to(&position),
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Sends the event, or counts why not. `false`: its turn comes in a later run.
    async fn handle(&mut self, envelope: &Envelope, cursor: &mut Cursor) -> Result<bool, Failure> {
        let now = self.clock.now();
        if !self.request.selects(envelope) {
            return Ok(true);
        }
        match fate(&self.request.to, envelope, now) {
            Fate::NotSubscribed => self.tally.not_subscribed(envelope),
            Fate::TooOld => self.tally.too_old += 1,
            Fate::Taken => {
                if self.request.is_send() {
                    let mut pace = Pace { free_at: cursor.paced_until, per_second: self.request.per_second };
                    let Some(delay) = pace.next(now) else { return Ok(false) };
                    self.send(envelope, now, delay).await?;
                    cursor.paced_until = pace.free_at;
                }
                self.tally.taken(envelope);
            }
        }
        Ok(true)
    }

    async fn send(&self, envelope: &Envelope, now: Timestamp, delay: Duration) -> Result<(), Failure> {
        let envelope = Envelope { replayed: Some(now), ..envelope.clone() };
        // Texts, numbers and JSON always serialize.
        let body = escaped(&serde_json::to_string(&envelope).unwrap_or_default());
        let group = envelope.subject.chars().take(LONGEST_GROUP).collect();
        let sent = self.queue.send(&Work { body, delay, group }).await;
        sent.map_err(|error| Failure::retry(error).during("send an event to the queue"))
    }
}
