//! Stock is allocated, released, committed and returned once for each order, and never falls below zero.

use crate::stock::stock_key;
use crate::testing::{
    World, cancelled, line, message, order, paid, request, returned, shipped, shipping_failed, sku,
};
use crate::{AllocateStock, Allocation};
use async_trait::async_trait;
use event_store::{AppendError, Counters, EventStore, Memory, StoreError, StreamId};
use events::{Envelope, InventoryEvent, ServiceEvent as _};
use jiff::Timestamp;
use proptest::prelude::*;
use resilience::{Failure, FixedClock};
use runtime::http::Endpoint as _;
use runtime::queue::Consumer as _;
use std::sync::Arc;

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
async fn an_unsubscribed_event_is_rejected() {
    let world = World::default();
    let delivered: events::ShippingEvent = events::Delivered {}.into();
    assert!(is_reject(&world.deliver(&order(1), &delivered).await));
    let failed: events::PaymentsEvent = events::PaymentFailed { code: "card_declined".to_owned() }.into();
    assert!(is_reject(&world.deliver(&order(1), &failed).await));
}

/// A store on which concurrent tasks all read before one of them writes.
struct Interleaved(Arc<Memory>);

#[async_trait]
impl EventStore for Interleaved {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        let read = self.0.read(stream).await;
        tokio::task::yield_now().await;
        read
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        self.0.append(stream, envelope).await
    }
}

fn interleaved(world: &World) -> AllocateStock {
    AllocateStock {
        store: Arc::new(Interleaved(world.table.clone())),
        counters: world.table.clone(),
        clock: Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH)),
    }
}

#[tokio::test]
async fn two_orders_racing_for_the_last_piece_allocate_it_once() {
    let world = World::with(&[("TEA", 1)]).await;
    let step = interleaved(&world);
    let messages = [1, 2].map(|number| message(&order(number), &paid(&[line("TEA", 1)])));
    let (first, second) = tokio::join!(step.consume(&messages[0]), step.consume(&messages[1]));
    assert_eq!((first, second), (Ok(()), Ok(())));
    let mut types = [world.event_types(&order(1)).await, world.event_types(&order(2)).await].concat();
    types.sort();
    assert_eq!(types, ["InventoryUpdated", "OutOfStock"]);
    assert_eq!(world.stock("TEA").await, (1, 0, 1));
}

#[tokio::test]
async fn a_payment_racing_a_cancellation_leaves_nothing_allocated() {
    let world = World::with(&[("TEA", 3)]).await;
    let step = interleaved(&world);
    let (payment, cancellation) =
        (message(&order(1), &paid(&[line("TEA", 1)])), message(&order(1), &cancelled()));
    let (first, second, again) =
        tokio::join!(step.consume(&payment), step.consume(&cancellation), step.consume(&payment));
    assert_eq!((first, second, again), (Ok(()), Ok(()), Ok(())));
    let types = world.event_types(&order(1)).await;
    assert!(types == ["InventoryUpdated", "StockReleased"] || types == ["StockReleased"], "{types:?}");
    assert_eq!(world.stock("TEA").await, (3, 3, 0));
}

/// What can change the stock.
#[derive(Debug, Clone)]
enum Action {
    Paid { order: u8, lines: Vec<(usize, u32)> },
    Shipped { order: u8 },
    Failed { order: u8 },
    Cancelled { order: u8 },
    Returned { order: u8, restock: bool },
    Put { of: usize, on_hand: i64 },
    Adjusted { of: usize, key: u8, delta: i64 },
}

const SKUS: [&str; 3] = ["A", "B", "C"];

fn action() -> impl Strategy<Value = Action> {
    let order = 0..4_u8;
    prop_oneof![
        4 => (order.clone(), prop::collection::vec((0..3_usize, 1..4_u32), 1..4))
            .prop_map(|(order, lines)| Action::Paid { order, lines }),
        3 => order.clone().prop_map(|order| Action::Shipped { order }),
        1 => order.clone().prop_map(|order| Action::Failed { order }),
        1 => order.clone().prop_map(|order| Action::Cancelled { order }),
        2 => (order, any::<bool>()).prop_map(|(order, restock)| Action::Returned { order, restock }),
        2 => (0..3_usize, 0..12_i64).prop_map(|(of, on_hand)| Action::Put { of, on_hand }),
        2 => (0..3_usize, 0..4_u8, -5..6_i64).prop_map(|(of, key, delta)| Action::Adjusted { of, key, delta }),
    ]
}

/// By how much the event changes what is on hand of `of`.
fn on_hand_of(event: &InventoryEvent, of: &str) -> i64 {
    let sum = |lines: &[events::Line]| -> i64 {
        lines.iter().filter(|line| line.sku.as_str() == of).map(|line| i64::from(line.quantity)).sum()
    };
    match event {
        InventoryEvent::StockCommitted(event) => -sum(&event.lines),
        InventoryEvent::StockReturned(event) => sum(&event.lines),
        InventoryEvent::InventoryUpdated(_)
        | InventoryEvent::OutOfStock(_)
        | InventoryEvent::StockReleased(_) => 0,
    }
}

/// Applies it, and returns by how much a put or an adjustment changed each SKU.
async fn apply(world: &World, action: &Action) -> [i64; 3] {
    let mut managed = [0; 3];
    match action {
        Action::Paid { order: number, lines } => {
            let lines: Vec<_> = lines.iter().map(|(of, quantity)| line(SKUS[*of], *quantity)).collect();
            world.deliver(&order(*number), &paid(&lines)).await.unwrap();
        }
        Action::Shipped { order: number } => drop(world.deliver(&order(*number), &shipped()).await),
        Action::Failed { order: number } => drop(world.deliver(&order(*number), &shipping_failed()).await),
        Action::Cancelled { order: number } => drop(world.deliver(&order(*number), &cancelled()).await),
        Action::Returned { order: number, restock } => {
            drop(world.deliver(&order(*number), &returned(*restock)).await);
        }
        Action::Put { of, on_hand } => {
            let before = world.stock(SKUS[*of]).await.0;
            if world.put(SKUS[*of], *on_hand, None).await.is_ok() {
                managed[*of] = on_hand - before;
            }
        }
        Action::Adjusted { of, key, delta } => {
            if let Ok(reply) = world.adjust(SKUS[*of], &format!("k{key}"), *delta).await
                && reply.status == 201
            {
                managed[*of] = *delta;
            }
        }
    }
    managed
}

proptest! {
    #[test]
    fn i2_on_hand_is_available_plus_allocated(
        actions in prop::collection::vec(action(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            let mut expected = [0_i64; 3];
            let mut seen = 0;
            for action in &actions {
                let managed = apply(&world, action).await;
                let written = world.table.written_since(seen);
                seen += written.len();
                for (place, of) in SKUS.iter().enumerate() {
                    let moved: i64 =
                        written.iter().map(|it| on_hand_of(&InventoryEvent::read(it).unwrap(), of)).sum();
                    expected[place] += managed[place] + moved;
                    let (on_hand, available, allocated) = world.stock(of).await;
                    prop_assert_eq!(on_hand, available + allocated);
                    prop_assert!(available >= 0 && allocated >= 0, "{}: {} and {}", of, available, allocated);
                    prop_assert_eq!(on_hand, expected[place], "{} after {:?}", of, action);
                }
            }
            // The allocated number of each SKU is the sum over the orders' streams.
            for (place, of) in SKUS.iter().enumerate() {
                let mut held = 0;
                for number in 0..4 {
                    let store: &dyn EventStore = &*world.table;
                    let history = store.history::<Allocation>(&StreamId::order(&order(number))).await.unwrap();
                    if let Allocation::Allocated { lines } = history.state {
                        let of_this = lines.iter().filter(|line| line.sku.as_str() == *of);
                        held += of_this.map(|line| i64::from(line.quantity)).sum::<i64>();
                    }
                }
                prop_assert_eq!(world.stock(of).await.2, held, "{} of {}", place, of);
            }
            Ok(())
        })?;
    }
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
