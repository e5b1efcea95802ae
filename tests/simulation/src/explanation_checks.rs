//! I8: an explanation of an order, at any moment: it shows every event, none before its cause; and it knows what an order waits for that
//! orders itself counts as open.

use super::actors::order;
use super::executor::finish;
use super::world::World;
use event_store::{EventStore as _, Pages, StreamId};
use events::{OrderId, Service};
use outbound::Transport;
use resilience::Clock;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use steps::{Channels, Options, Ports, Table, TablePort};
use testkit::{RequestBuilder as _, request};

const ROUTE: &str = "GET /orders/{order_id}/explanation";

/// The services that have streams of orders.
const SERVICES: [Service; 4] = [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping];

/// The violations of all these orders.
pub(super) fn check(world: &World, orders: &BTreeSet<OrderId>) -> Vec<String> {
    let endpoint = steps::endpoint("explain-order", &Still(world));
    let explained = |id: &OrderId| {
        let asked = request(ROUTE).path("order_id", id.as_str()).by_admin();
        match finish(endpoint.answer(asked)) {
            Ok(reply) => check_one(world, id, &serde_json::from_str(&reply.body).expect("JSON")),
            Err(problem) => vec![problem.detail],
        }
    };
    let wrong = orders.iter().flat_map(|id| explained(id).into_iter().map(move |what| (id, what)));
    wrong.map(|(id, what)| format!("I8: the explanation of {id}: {what}")).collect()
}

fn check_one(world: &World, id: &OrderId, report: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let list = |name: &str| report[name].as_array().expect("a list").as_slice();
    let events = list("events");
    let stream = StreamId::order(id);
    let written: usize = SERVICES
        .iter()
        .map(|service| finish(world.table(*service).read(&stream)).expect("readable").len())
        .sum();
    if events.len() != written {
        wrong.push(format!("it shows {} of {written} events", events.len()));
    }
    let mut shown = BTreeSet::new();
    for event in events.iter().rev() {
        if shown.contains(event["cause"].as_str().expect("a cause")) {
            wrong.push(format!("{} is shown before its cause", event["id"]));
        }
        shown.insert(event["id"].as_str().expect("an id"));
    }
    if report.get("missing").is_some() {
        wrong.push(format!("it lacks {}", report["missing"]));
    }
    let order = order(world, id);
    let waits: Vec<&str> = list("waiting").iter().filter_map(|wait| wait["for"].as_str()).collect();
    if order.facts().is_open() && waits.is_empty() {
        wrong.push(format!("it is open as {}, and waits for nothing", report["status"]));
    }
    // What another service has not handled, and the way of a parcel, keep no order open.
    let is_beside = |wait: &&str| ["delivery", "stock_commit", "stock_return", "cancellation"].contains(wait);
    let knows_all = !waits.contains(&"record");
    if knows_all && !order.facts().is_open() && !waits.iter().all(is_beside) {
        wrong.push(format!("it is closed as {}, and waits for {waits:?}", report["status"]));
    }
    wrong
}

/// The tables of a world as they are now, without its faults.
struct Still<'a>(&'a World);

impl Ports for Still<'_> {
    fn options(&self) -> Options {
        self.0.options()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Ports::clock(self.0)
    }

    fn table(&self, table: Table) -> Arc<dyn TablePort> {
        self.0.memory(table).clone()
    }

    fn index(&self, table: Table, partition: &'static str, order: &'static str) -> Arc<dyn Pages> {
        Arc::new(self.0.memory(table).index(partition, order))
    }

    fn stripe(&self) -> Arc<dyn Transport> {
        self.0.stripe()
    }

    fn easypost(&self) -> Arc<dyn Transport> {
        self.0.easypost()
    }

    fn channels(&self) -> Channels {
        Channels::default()
    }
}
