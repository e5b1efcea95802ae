//! The deliveries of an erased order hold no code and no text, whenever they are planned.

use crate::testing::World;
use events::{Because, Detail, Envelope, OrderStatus, OrderUpdated, OrdersEvent};
use resilience::Failure;
use runtime::queue::Consumer as _;
use std::time::Duration;
use testkit::{Gated, Plan, Stop, delivered, envelope, erasure, order_id};

const CODE: &str = "T-123";

fn shipped(sequence: u32) -> Envelope {
    let detail =
        Detail { carrier: Some("DHL".to_owned()), tracking_code: Some(CODE.to_owned()), ..Detail::default() };
    let (because, status) = (Because::Shipped, OrderStatus::Shipped);
    let updated = OrderUpdated { because, status, attention: Vec::new(), detail, paid: true, quiet: false };
    envelope(&order_id(1), sequence, &OrdersEvent::from(updated))
}

async fn consume(world: &World, envelope: &Envelope) {
    world.plan().consume(&delivered(envelope, 1).unwrap()).await.unwrap();
}

async fn erase(world: &World) {
    consume(world, &envelope(&order_id(1), 9, &OrdersEvent::from(erasure()))).await;
}

fn all(world: &World) -> String {
    format!("{:?}", world.memory.all_documents())
}

#[tokio::test]
async fn the_deliveries_of_an_erased_order_lose_its_codes() {
    let world = World::default();
    world.register("https://a.example/").await;
    consume(&world, &shipped(2)).await;
    assert!(all(&world).contains(CODE));
    erase(&world).await;
    assert!(!all(&world).contains(CODE));
    world.drain(Duration::ZERO).await;
    let calls = world.receivers.calls();
    assert_eq!(calls.len(), 1, "the receiver still gets its webhook");
    assert!(!String::from_utf8_lossy(&calls[0].body).contains(CODE));
}

#[tokio::test]
async fn a_delivery_that_is_planned_after_the_erasure_has_no_code() {
    let world = World::default();
    world.register("https://a.example/").await;
    erase(&world).await;
    consume(&world, &shipped(2)).await;
    assert!(!all(&world).contains(CODE));
}

/// The process that plans stops between its write and its look for the mark.
#[tokio::test]
async fn a_duplicate_looks_after_a_process_that_has_stopped() {
    let world = World::default();
    world.register("https://a.example/").await;
    erase(&world).await;
    for call in 0..8 {
        let plan = Plan::stopping(call, Stop::CrashAfter);
        let mut planner = world.plan();
        planner.documents = Gated::new(plan.clone(), world.memory.clone());
        let stopped: Option<Result<(), Failure>> =
            plan.drive(planner.consume(&delivered(&shipped(2), 1).unwrap())).await;
        consume(&world, &shipped(2)).await;
        assert!(!all(&world).contains(CODE), "stopped at call {call}: {stopped:?}");
    }
}

#[tokio::test]
async fn the_deliveries_of_other_orders_stay() {
    let world = World::default();
    world.register("https://a.example/").await;
    let other = Envelope { subject: order_id(2).to_string(), ..shipped(2) };
    consume(&world, &Envelope { id: events::EventId::try_from("orders/x/2").unwrap(), ..other }).await;
    erase(&world).await;
    assert!(all(&world).contains(CODE));
}
