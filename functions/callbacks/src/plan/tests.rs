//! Which endpoints get a delivery of an event, and that a lost job is sent again.

use crate::delivery::LOST_AFTER;
use crate::testing::{World, body_of, updated};
use events::{Because, OrderStatus};
use runtime::queue::Consumer as _;
use serde_json::json;
use std::time::Duration;
use testkit::{Gated, Plan, RequestBuilder as _, Stop, order_id, request};

async fn register(world: &World, url: &str, types: &[&str], enabled: bool) -> String {
    let body = json!({"url": url, "event_types": types, "enabled": enabled});
    let request = request("POST /webhook-endpoints").by_admin().header("idempotency-key", url).json(&body);
    body_of(&world.answer(request).await.unwrap())["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_enabled_endpoint_subscribed_to_the_type_gets_one_delivery() {
    let world = World::default();
    let all = register(&world, "https://a.example/", &["*"], true).await;
    let paid = register(&world, "https://b.example/", &["order.paid", "order.shipped"], true).await;
    let others = register(&world, "https://c.example/", &["order.delivered"], true).await;
    let off = register(&world, "https://d.example/", &["*"], false).await;
    world.publish_paid(1).await;
    for (endpoint, expected) in [(&all, 1), (&paid, 1), (&others, 0), (&off, 0)] {
        assert_eq!(world.deliveries(endpoint).await.len(), expected);
    }
    assert_eq!(
        world.deliveries(&all).await[0]["id"],
        world.deliveries(&paid).await[0]["id"],
        "one event, one id"
    );
    assert_eq!(world.work.sent().len(), 2);
    let groups: Vec<_> = world.work.sent().into_iter().map(|work| work.group).collect();
    assert!(groups.contains(&all) && groups.contains(&paid), "a fair queue groups by endpoint");
}

#[tokio::test]
async fn a_duplicate_event_is_delivered_once() {
    let world = World::default();
    let (endpoint, _) = world.register("https://a.example/").await;
    world.publish_paid(1).await;
    world.publish_paid(1).await;
    assert_eq!((world.deliveries(&endpoint).await.len(), world.work.sent().len()), (1, 1));
    world.drain(Duration::ZERO).await;
    world.publish_paid(1).await;
    assert_eq!(world.work.sent(), [], "a duplicate sends nothing");
    assert_eq!(world.receivers.calls().len(), 1);
}

/// Plans the delivery of an event, and stops at its send to the queue.
async fn plan_stopped(world: &World, stop: Stop) -> Option<Result<(), resilience::Failure>> {
    let mut planner = world.plan();
    let plan = Plan::stopping(0, stop);
    planner.work = Gated::new(plan.clone(), world.work.clone());
    let event = updated(Because::OrderPaid, OrderStatus::Paid);
    plan.drive(planner.consume(&testkit::message(&order_id(1), 2, &event))).await
}

#[tokio::test]
async fn a_message_lost_between_write_and_send_is_sent_by_the_schedule() {
    let world = World::default();
    let (endpoint, _) = world.register("https://a.example/").await;
    assert_eq!(plan_stopped(&world, Stop::CrashBefore).await, None);
    // A redelivered event sends nothing: the first run may have sent the message.
    world.publish_paid(1).await;
    assert_eq!((world.deliveries(&endpoint).await.len(), world.work.sent().len()), (1, 0));
    assert_eq!(world.schedule().await, 0, "the message may still be under way");
    world.clock.advance(LOST_AFTER);
    assert_eq!(world.schedule().await, 1);
    assert_eq!(world.schedule().await, 0, "not again at once: the queue may only be long");
    world.drain(Duration::ZERO).await;
    assert_eq!(world.deliveries(&endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn a_message_that_the_queue_does_not_take_is_sent_by_the_next_run_of_the_schedule() {
    let world = World::default();
    let (endpoint, _) = world.register("https://a.example/").await;
    assert_eq!(plan_stopped(&world, Stop::Fail).await, Some(Ok(())));
    assert_eq!(world.work.sent(), []);
    assert_eq!(world.schedule().await, 1);
    world.drain(Duration::ZERO).await;
    assert_eq!(world.deliveries(&endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn an_event_that_this_function_does_not_handle_is_ignored() {
    let world = World::default();
    let event = events::OrdersEvent::from(events::OrderExpired { pay_by: testkit::now() });
    assert_eq!(world.plan().consume(&testkit::message(&order_id(1), 2, &event)).await, Ok(()));
}
