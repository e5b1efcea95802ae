//! Which orders count against the objective: those that are neither paid nor ended in time, once each.

use crate::testing::{MINUTE, World, order_paid};
use events::{PaymentActionRequired, PaymentsEvent};
use serde_json::json;
use testkit::{Log, order_id};

/// The orders that were counted.
fn unsettled_in(log: &Log) -> Vec<String> {
    let lines = log.lines().into_iter().filter(|line| line.get("OrderUnsettled").is_some());
    let counted = |line: serde_json::Value| {
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"],
            json!([{
                "Namespace": "Conveyor",
                "Dimensions": [["stack"]],
                "Metrics": [{"Name": "OrderUnsettled", "Unit": "Count"}],
            }])
        );
        assert_eq!(line["OrderUnsettled"], 1);
        line["order.id"].as_str().unwrap().to_owned()
    };
    lines.map(counted).collect()
}

#[tokio::test]
async fn an_order_that_is_neither_paid_nor_ended_in_time_is_counted_once() {
    let log = Log::of("sweep-orders", "error");
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(PaymentActionRequired { intent_id: "pi_1".to_owned() }).await;
    world.wait(30 * MINUTE);
    world.sweep().await;
    assert!(unsettled_in(&log).is_empty(), "its time to pay has just passed");
    world.wait(15 * MINUTE);
    world.sweep().await;
    world.wait(MINUTE);
    world.sweep().await;
    assert_eq!(unsettled_in(&log), [order_id(1).to_string()]);
}

#[tokio::test]
async fn a_paid_order_that_is_stuck_is_not_counted() {
    let log = Log::of("sweep-orders", "error");
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.wait(30 * MINUTE);
    world.sweep().await;
    assert!(log.text().contains("AttentionRaised"));
    assert!(unsettled_in(&log).is_empty());
}
