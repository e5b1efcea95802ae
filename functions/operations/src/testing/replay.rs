//! Stored events, and requests to `replay-events`.

use super::World;
use crate::{ReplayEvents, ServiceEvents};
use event_store::{EventStore as _, Memory, StreamId};
use events::{
    Because, Detail, Envelope, OrderStatus, OrderUpdated, OrdersEvent, Sequence, Service, ServiceEvent,
};
use outbound::WorkQueue;
use resilience::{Clock as _, Failure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{Gate, Gated, Plan, cause, order_id};

impl World {
    /// Every call to a table or queue passes the gate. All consumers share the queue of `take-payment`.
    pub(crate) fn replay_events(&self, gate: &Arc<dyn Gate>) -> ReplayEvents {
        let events = |(service, table): (Service, &Arc<Memory>)| {
            let table = Gated::new(gate.clone(), table.clone());
            (service, ServiceEvents { store: table.clone(), scan: table })
        };
        let tables = [
            (Service::Orders, &self.orders),
            (Service::Payments, &self.payments),
            (Service::Shipping, &self.shipping),
        ];
        let queue: Arc<dyn WorkQueue> = Gated::new(gate.clone(), self.queue.clone());
        let consumers = ["track-order", "take-payment", "notify-customer", "plan-deliveries"];
        ReplayEvents {
            services: tables.map(events).into(),
            queues: consumers.map(|name| (name.to_owned(), queue.clone())).into(),
            clock: self.clock.clone(),
            work_for: Duration::from_mins(1),
        }
    }

    pub(crate) async fn run_replay(&self, gate: &Arc<dyn Gate>, input: Value) -> Result<Value, Failure> {
        runtime::command::work(&self.replay_events(gate), input).await
    }

    pub(crate) async fn answer_replay(&self, input: Value) -> Value {
        let open: Arc<dyn Gate> = Plan::open();
        self.run_replay(&open, input).await.unwrap()
    }

    /// Sends until no cursor is left, each run as long after the last as its answer says. Returns the answers.
    pub(crate) async fn replay_all(&self, mut input: Value) -> Vec<Value> {
        let mut answers = Vec::new();
        for _ in 0..100 {
            let answer = self.answer_replay(input.clone()).await;
            let cursor = answer["cursor"].clone();
            self.clock.advance(Duration::from_secs(answer["continue_in_seconds"].as_u64().unwrap()));
            answers.push(answer);
            if cursor.is_null() {
                return answers;
            }
            input["cursor"] = cursor;
        }
        panic!("the replay has no end: {answers:?}");
    }

    /// Appends an event of the n-th order now, at its next place.
    pub(crate) async fn happen<E: ServiceEvent>(
        &self,
        table: &Memory,
        n: u64,
        event: impl Into<E>,
    ) -> Envelope {
        let (id, stream) = (order_id(n), StreamId::order(&order_id(n)));
        let next = Sequence::after(u32::try_from(table.read(&stream).await.unwrap().len()).unwrap());
        let envelope = Envelope::wrap(id.as_str(), next, self.clock.now(), &cause(), &event.into());
        table.append(&stream, &envelope).await.unwrap();
        envelope
    }

    /// The n-th order is placed and paid.
    pub(crate) async fn place_and_pay(&self, n: u64) -> [Envelope; 2] {
        let placed = self.happen::<OrdersEvent>(&self.orders, n, testkit::placed()).await;
        [placed, self.happen::<OrdersEvent>(&self.orders, n, updated()).await]
    }

    /// The messages in the queue, as envelopes.
    pub(crate) fn replayed(&self) -> Vec<Envelope> {
        self.sent().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
    }
}

fn updated() -> OrderUpdated {
    OrderUpdated {
        because: Because::OrderPaid,
        status: OrderStatus::Paid,
        attention: Vec::new(),
        detail: Detail::default(),
        paid: true,
        quiet: false,
    }
}

/// A request for the events of these orders.
pub(crate) fn of_orders(to: &str, to_do: &str, orders: &[u64]) -> Value {
    let subjects: Vec<String> = orders.iter().map(|n| order_id(*n).to_string()).collect();
    json!({"service": "orders", "to": to, "do": to_do, "subjects": subjects})
}
