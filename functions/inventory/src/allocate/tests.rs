//! Stock is allocated, released, committed and returned once for each order, and never falls below zero.

mod invariant;
mod races;
mod sharded;

use crate::stock::stock_key;
use crate::testing::{World, cancelled, line, order, paid, request, returned, shipped, shipping_failed, sku};
use event_store::{Counters, EventStore as _, StreamId};
use events::{InventoryEvent, ServiceEvent as _};
use resilience::Failure;
use runtime::http::Endpoint as _;
use runtime::queue::Consumer as _;

fn is_retry(outcome: &Result<(), Failure>) -> bool {
    matches!(outcome, Err(Failure::Retry { .. }))
}

fn is_reject(outcome: &Result<(), Failure>) -> bool {
    matches!(outcome, Err(Failure::Reject { .. }))
}

async fn last_event(world: &World, number: u8) -> InventoryEvent {
    let stream = world.table.read(&StreamId::order(&order(number))).await.unwrap();
    InventoryEvent::read(stream.last().unwrap()).unwrap()
}

#[tokio::test]
async fn a_paid_order_allocates_every_line_once() {
    let world = World::with(&[("TEA", 5), ("CUP", 2)]).await;
    for _ in 0..3 {
        world.deliver(&order(1), &paid(&[line("TEA", 2), line("CUP", 2)])).await.unwrap();
    }
    assert_eq!(world.event_types(&order(1)).await, ["InventoryUpdated"]);
    assert_eq!(world.stock("TEA").await, (5, 3, 2));
    assert_eq!(world.stock("CUP").await, (2, 0, 2));
}

#[tokio::test]
async fn one_missing_line_allocates_nothing() {
    let world = World::with(&[("TEA", 5), ("CUP", 1)]).await;
    for _ in 0..2 {
        world.deliver(&order(1), &paid(&[line("TEA", 2), line("CUP", 2), line("UNKNOWN", 1)])).await.unwrap();
    }
    let InventoryEvent::OutOfStock(event) = last_event(&world, 1).await else { panic!("not out of stock") };
    assert_eq!(event.missing, [sku("CUP"), sku("UNKNOWN")]);
    assert_eq!(world.event_types(&order(1)).await, ["OutOfStock"]);
    assert_eq!(world.stock("TEA").await, (5, 5, 0));
    assert_eq!(world.stock("CUP").await, (1, 1, 0));
}

#[tokio::test]
async fn out_of_stock_is_permanent() {
    let world = World::with(&[("TEA", 1)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    world.put("TEA", 9, None).await.unwrap();
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    for event in [cancelled(), shipping_failed()] {
        world.deliver(&order(1), &event).await.unwrap();
    }
    assert_eq!(world.event_types(&order(1)).await, ["OutOfStock"]);
    assert_eq!(world.stock("TEA").await, (9, 9, 0));
}

#[tokio::test]
async fn lines_of_the_same_sku_are_allocated_together() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 2), line("TEA", 3)])).await.unwrap();
    let InventoryEvent::InventoryUpdated(event) = last_event(&world, 1).await else {
        panic!("not allocated")
    };
    assert_eq!(event.lines, [line("TEA", 5)]);
    assert_eq!(world.stock("TEA").await, (5, 0, 5));
}

#[tokio::test]
async fn more_skus_than_a_transaction_holds_are_rejected() {
    let world = World::default();
    let lines: Vec<_> = (0..100).map(|number| line(&format!("S{number}"), 1)).collect();
    assert!(is_reject(&world.deliver(&order(1), &paid(&lines)).await));
    assert_eq!(world.event_types(&order(1)).await.len(), 0);
    world.deliver(&order(2), &paid(&lines[1..])).await.unwrap();
    assert_eq!(world.event_types(&order(2)).await, ["OutOfStock"], "99 are decided");
}

#[tokio::test]
async fn shipping_commits_stock_and_a_return_restores_it() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    for _ in 0..2 {
        world.deliver(&order(1), &shipped()).await.unwrap();
        assert_eq!(world.stock("TEA").await, (3, 3, 0));
    }
    for _ in 0..2 {
        world.deliver(&order(1), &returned(true)).await.unwrap();
        assert_eq!(world.stock("TEA").await, (5, 5, 0));
    }
    // Late duplicates change nothing.
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    world.deliver(&order(1), &shipped()).await.unwrap();
    assert_eq!(world.event_types(&order(1)).await, ["InventoryUpdated", "StockCommitted", "StockReturned"]);
    assert_eq!(world.stock("TEA").await, (5, 5, 0));
}

#[tokio::test]
async fn a_return_without_restock_changes_nothing() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    world.deliver(&order(1), &shipped()).await.unwrap();
    world.deliver(&order(1), &returned(false)).await.unwrap();
    assert_eq!(world.event_types(&order(1)).await, ["InventoryUpdated", "StockCommitted"]);
    assert_eq!(world.stock("TEA").await, (3, 3, 0));
}

#[tokio::test]
async fn an_early_event_is_retried() {
    let world = World::with(&[("TEA", 5)]).await;
    assert!(is_retry(&world.deliver(&order(1), &shipped()).await));
    assert!(is_retry(&world.deliver(&order(1), &returned(true)).await));
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    assert!(is_retry(&world.deliver(&order(1), &returned(true)).await));
    world.deliver(&order(1), &shipped()).await.unwrap();
    world.deliver(&order(1), &returned(true)).await.unwrap();
    assert_eq!(world.stock("TEA").await, (5, 5, 0));
}

#[tokio::test]
async fn a_failed_or_cancelled_shipment_releases_stock_once() {
    for event in [shipping_failed(), cancelled()] {
        let world = World::with(&[("TEA", 5)]).await;
        world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
        for _ in 0..2 {
            world.deliver(&order(1), &event).await.unwrap();
        }
        assert_eq!(world.event_types(&order(1)).await, ["InventoryUpdated", "StockReleased"]);
        assert_eq!(world.stock("TEA").await, (5, 5, 0));
    }
}

#[tokio::test]
async fn a_cancellation_that_overtakes_the_payment_leaves_a_tombstone() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &cancelled()).await.unwrap();
    let InventoryEvent::StockReleased(event) = last_event(&world, 1).await else { panic!("no tombstone") };
    assert_eq!(event.lines, []);
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    world.deliver(&order(1), &cancelled()).await.unwrap();
    assert_eq!(world.event_types(&order(1)).await, ["StockReleased"]);
    assert_eq!(world.stock("TEA").await, (5, 5, 0));
}

#[tokio::test]
async fn contradictory_facts_are_rejected_and_move_nothing() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &cancelled()).await.unwrap();
    assert!(is_reject(&world.deliver(&order(1), &shipped()).await));
    assert!(is_reject(&world.deliver(&order(1), &returned(true)).await));
    world.deliver(&order(2), &paid(&[line("TEA", 1)])).await.unwrap();
    world.deliver(&order(2), &shipped()).await.unwrap();
    assert!(is_reject(&world.deliver(&order(2), &cancelled()).await));
    assert!(is_reject(&world.deliver(&order(2), &shipping_failed()).await));
    assert_eq!(world.stock("TEA").await, (4, 4, 0));
}

#[tokio::test]
async fn a_stock_item_below_the_allocation_is_rejected() {
    let world = World::with(&[("TEA", 5)]).await;
    world.deliver(&order(1), &paid(&[line("TEA", 2)])).await.unwrap();
    let version = world.table.counts(&stock_key(&sku("TEA"))).await.unwrap().unwrap().version;
    world.table.set(&stock_key(&sku("TEA")), Some(version), &[("available", 1)]).await.unwrap();
    assert!(is_reject(&world.deliver(&order(1), &shipped()).await));
    assert_eq!(world.event_types(&order(1)).await, ["InventoryUpdated"]);
}

#[tokio::test]
async fn an_event_that_this_function_does_not_handle_is_ignored() {
    let world = World::default();
    let delivered: events::ShippingEvent = events::Delivered {}.into();
    world.deliver(&order(1), &delivered).await.unwrap();
    let failed: events::PaymentsEvent = events::PaymentFailed { code: "card_declined".to_owned() }.into();
    world.deliver(&order(1), &failed).await.unwrap();
    assert!(world.event_types(&order(1)).await.is_empty());
}

#[tokio::test]
async fn every_sample_is_handled() {
    let world = World::with(&[("TEA-01", 100)]).await;
    for text in [
        include_str!("../../../../events/allocate-stock/order-paid.json"),
        include_str!("../../../../events/allocate-stock/shipped.json"),
        include_str!("../../../../events/allocate-stock/return-received.json"),
    ] {
        let batch: serde_json::Value = serde_json::from_str(text).unwrap();
        for record in batch["Records"].as_array().unwrap() {
            let message = runtime::queue::Message::read(record["body"].as_str().unwrap(), 1).unwrap();
            world.allocate.consume(&message).await.unwrap();
        }
    }
    assert_eq!(world.stock("TEA-01").await, (100, 100, 0));
    let shown =
        world.manage.answer(request("GET /stock/{sku}", "TEA-01", &[], &serde_json::Value::Null)).await;
    assert_eq!(shown.unwrap().status, 200);
}
