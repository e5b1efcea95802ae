//! The metrics of an order: one for each status that it reaches, how long it took to be allocated, and its money.

use crate::testing::{World, delivered_order, order_paid, publish, refunded, tea};
use events::{InventoryEvent, InventoryUpdated, PaymentsEvent};
use runtime::queue::Consumer as _;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Log, lines as lines_of_an_order};

/// The lines with metrics.
fn measured(log: &Log) -> Vec<Value> {
    log.lines().into_iter().filter(|line| line.get("_aws").is_some()).collect()
}

/// The values of one metric, by the dimension with this name.
fn values(lines: &[Value], metric: &str, by: &str) -> Vec<(String, u64)> {
    let value = |line: &Value| Some((line[by].as_str()?.to_owned(), line[metric].as_u64()?));
    lines.iter().filter_map(value).collect()
}

#[tokio::test]
async fn every_status_that_an_order_reaches_is_counted_once() {
    let log = Log::of("track-order", "error");
    let world = World::default();
    world.place(1).await;
    for _ in 0..2 {
        for message in delivered_order() {
            world.track.consume(&message).await.unwrap();
        }
    }
    let statuses = values(&measured(&log), "Orders", "status").into_iter().map(|(status, _)| status);
    assert_eq!(statuses.collect::<Vec<_>>(), ["paid", "allocated", "shipped", "delivered"]);
}

#[tokio::test]
async fn an_order_that_is_placed_is_counted_and_a_repeated_request_is_not() {
    let log = Log::of("place-order", "error");
    let world = World::with_tea().await;
    for _ in 0..2 {
        world.send("k1", &tea()).await.unwrap();
    }
    assert_eq!(values(&measured(&log), "Orders", "status"), [("placed".to_owned(), 1)]);
}

#[tokio::test]
async fn captured_and_refunded_money_is_counted_in_minor_units_of_its_currency() {
    let log = Log::of("track-order", "error");
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<PaymentsEvent>(refunded("r1")).await;
    let lines = measured(&log);
    for metric in ["MoneyCaptured", "MoneyRefunded"] {
        assert_eq!(values(&lines, metric, "currency"), [("EUR".to_owned(), 1900)]);
    }
    let paid = lines.iter().find(|line| line.get("MoneyCaptured").is_some()).unwrap();
    assert_eq!(
        paid["_aws"]["CloudWatchMetrics"],
        json!([
            {"Namespace": "Conveyor", "Dimensions": [["stack", "status"]], "Metrics": [{"Name": "Orders", "Unit": "Count"}]},
            {"Namespace": "Conveyor", "Dimensions": [["stack", "currency"]], "Metrics": [{"Name": "MoneyCaptured", "Unit": "None"}]},
        ])
    );
}

#[tokio::test]
async fn the_time_to_the_allocation_is_that_between_the_two_events() {
    let log = Log::of("track-order", "error");
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    let mut allocated = publish::<InventoryEvent>(1, InventoryUpdated::unsharded(lines_of_an_order()));
    allocated.envelope.time += Duration::from_secs(7);
    world.wait(Duration::from_secs(50));
    world.track.consume(&allocated).await.unwrap();
    let took = values(&measured(&log), "AllocationTime", "status");
    assert_eq!(took, [("allocated".to_owned(), 7_000)]);
}
