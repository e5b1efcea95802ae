//! `explain-order`: everything that is known about one order, in the order in which it happened. Needs the viewer group.
//!
//! - Trigger: `GET /orders/{order_id}/explanation`.
//! - Effect: none. It reads the order's partition of each service's events, then at the same time its webhooks, its dead letters,
//!   the deliveries to the shop's endpoints, the notices to the customer, and how many messages the dead-letter queues hold. Each
//!   is a bounded number of queries; nothing is scanned.
//! - Answer: the events in causal order, and what the order waits for ([`waiting`]) with what an operator can do ([`remedies`]).
//!   What could not be read is named in `missing`, and the rest is answered: an explanation is needed when something is out.
//! - Publishes: nothing.
//!
//! It holds no address: of `OrderPlaced` the items, the total and the customer's subject are shown, of a webhook its verdict.
//! `docs/decisions/one-function-explains-an-order.md` gives the reason for reading every service's tables.

mod causality;
mod entry;
mod known;
mod outgoing;
mod remedies;
mod waiting;
mod webhooks;

use crate::{InboxSource, Queue};
use async_trait::async_trait;
use causality::in_causal_order;
use entry::Entry;
use event_store::{Documents, EventStore, StoreError, StreamId};
use events::{Attention, Envelope, Event, OrderId, OrderNumber, OrderStatus, OrdersEvent};
use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;
use known::Known;
use outgoing::{Delivery, Notice, deliveries, notices};
use remedies::{Remedy, Trouble, remedies};
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request, Role};
use runtime::letters::{self, LetterRecord};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waiting::{Shown, waits};

pub use waiting::LastsAtMost;

/// The step. See the module.
pub struct ExplainOrder {
    /// The events of orders, payments, inventory and shipping.
    pub streams: Vec<Arc<dyn EventStore>>,
    /// The inbox of each source.
    pub sources: Vec<InboxSource>,
    /// The deliveries to the shop's endpoints.
    pub callbacks: Arc<dyn Documents>,
    /// The notices to customers.
    pub notifications: Arc<dyn Documents>,
    /// The records of dead letters.
    pub letters: Arc<dyn Documents>,
    /// The dead-letter queue of each function that handles orders.
    pub dead_letters: Vec<Queue>,
    /// How long each status may last.
    pub lasts: LastsAtMost,
    /// The time of the explanation.
    pub clock: Arc<dyn Clock>,
}

/// The answer.
#[derive(Serialize)]
struct Explanation<'a> {
    order_id: &'a OrderId,
    number: OrderNumber,
    explained_at: Timestamp,
    status: OrderStatus,
    attention: BTreeSet<Attention>,
    waiting: Vec<Shown>,
    remedies: Vec<Remedy>,
    events: Vec<Entry<'a>>,
    /// Messages of the order that a function dead-lettered. They may have been sent back or discarded since.
    letters: Vec<LetterRecord>,
    webhooks: Vec<crate::inbox::Summary>,
    deliveries: Vec<Delivery>,
    notices: Vec<Notice>,
    /// How many messages each dead-letter queue holds now, of any order; empty queues are left out.
    dead_letters_now: BTreeMap<&'a str, u64>,
    /// What could not be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

#[async_trait]
impl Endpoint for ExplainOrder {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.at_least(Role::Viewer)?;
        request.query_has_only(&[])?;
        let order = request.order_id()?;
        let stream = StreamId::order(&order);
        let streams = try_join_all(self.streams.iter().map(|store| store.read(&stream))).await?;
        let events = in_causal_order(streams.into_iter().flatten().collect());
        let read: Vec<Option<Event>> = events.iter().map(|envelope| Event::read(envelope).ok()).collect();
        let known = known(&events, &read).ok_or_else(|| Problem::not_found("no such order"))?;
        self.explain(&order, &events, &read, &known).await
    }
}

/// What the events show; `None` if the order was never placed.
fn known(events: &[Envelope], read: &[Option<Event>]) -> Option<Known> {
    let placed = events.iter().zip(read).find_map(|(envelope, event)| match event {
        Some(Event::Orders(OrdersEvent::OrderPlaced(placed))) => Some(Known::new(placed, envelope.time)),
        _ => None,
    });
    let mut known = placed?;
    for (envelope, event) in events.iter().zip(read) {
        if let Some(event) = event {
            known.add(event, envelope.time);
        }
    }
    known.compare(events);
    Some(known)
}

impl ExplainOrder {
    async fn explain(
        &self,
        order: &OrderId,
        events: &[Envelope],
        read: &[Option<Event>],
        known: &Known,
    ) -> Result<Reply, Problem> {
        let (webhooks, letters, deliveries, notices, depths) = tokio::join!(
            webhooks::of_order(&self.sources, order, known, events),
            self.letters_of(order),
            deliveries(&*self.callbacks, order, events),
            notices(&*self.notifications, order),
            join_all(self.dead_letters.iter().map(|queue| queue.gauge.depth())),
        );
        let mut missing = Missing::default();
        let found = missing.unless_read("webhooks", webhooks);
        let (webhooks, is_cut_off) = found.map_or_else(Default::default, |it| (it.webhooks, it.is_cut_off));
        if is_cut_off {
            missing.0.push(
                "webhooks: more failed or are parked than were searched; list them with GET /webhooks/inbox"
                    .to_owned(),
            );
        }
        let letters = missing.unless_read("letters", letters).unwrap_or_default();
        let deliveries = missing.unless_read("deliveries", deliveries).unwrap_or_default();
        let notices = missing.unless_read("notices", notices).unwrap_or_default();
        let mut dead_letters_now = BTreeMap::new();
        for (queue, depth) in self.dead_letters.iter().zip(depths) {
            if let Some(depth) = missing.unless_read(&format!("dead letters of {}", queue.function), depth) {
                dead_letters_now.insert(queue.function.as_str(), depth.waiting + depth.hidden);
            }
        }
        dead_letters_now.retain(|_, count| *count > 0);

        let trouble = Trouble {
            dead_lettered_by: unique(letters.iter().map(|letter| letter.function.clone())),
            webhooks: webhooks
                .iter()
                .filter(|webhook| webhook.needs_a_person())
                .map(crate::inbox::Summary::id)
                .collect(),
            deliveries: deliveries
                .iter()
                .filter(|delivery| delivery.has_failed())
                .map(|delivery| (delivery.endpoint.clone(), delivery.id.clone()))
                .collect(),
        };
        let waits = waits(known, &self.lasts);
        let explanation = Explanation {
            order_id: order,
            number: OrderNumber::of(order),
            explained_at: self.clock.now(),
            status: known.status,
            attention: known.attention.keys().copied().collect(),
            remedies: remedies(order, known.status, &waits, &trouble),
            waiting: waits.iter().map(waiting::Wait::shown).collect(),
            events: events
                .iter()
                .zip(read)
                .map(|(envelope, event)| Entry::of(envelope, event.as_ref()))
                .collect(),
            letters,
            webhooks,
            deliveries,
            notices,
            dead_letters_now,
            missing: missing.0,
        };
        Ok(Reply::json(200, &explanation))
    }

    /// The order's dead letters, oldest first.
    async fn letters_of(&self, order: &OrderId) -> Result<Vec<LetterRecord>, StoreError> {
        let read = self.letters.list(&letters::partition(order), "").await?;
        let mut records: Vec<LetterRecord> =
            read.iter().map(|(key, document)| document.read(key)).collect::<Result<_, _>>()?;
        records.sort_by(|left, right| (left.at, &left.message_id).cmp(&(right.at, &right.message_id)));
        Ok(records)
    }
}

/// What could not be read, and why.
#[derive(Default)]
struct Missing(Vec<String>);

impl Missing {
    fn unless_read<T, E: ToString>(&mut self, what: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.0.push(format!("{what}: {}", error.to_string()))).ok()
    }
}

fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
