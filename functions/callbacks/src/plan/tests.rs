//! Which endpoints get a delivery of an event, and that a lost job is sent again.

use crate::delivery::{KEPT_FOR, LOST_AFTER};
use crate::testing::{World, body_of, updated};
use events::{Because, Envelope, OrderStatus};
use jiff::Timestamp;
use resilience::Clock as _;
use runtime::queue::{Consumer as _, Message};
use runtime::replayed::PLANNED_WITHIN;
use serde_json::json;
use std::time::Duration;
use testkit::{Gated, Log, Plan, RequestBuilder as _, Stop, order_id, request};

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

/// An order that is paid at this time, as it is replayed now.
fn replayed_paid(world: &World, at: Timestamp) -> Message {
    let event = updated(Because::OrderPaid, OrderStatus::Paid);
    let envelope = Envelope { time: at, ..testkit::envelope(&order_id(1), 2, &event) };
    testkit::replayed(&envelope, world.clock.now())
}

#[tokio::test]
async fn a_replayed_event_leads_to_the_delivery_that_is_missing_and_to_no_second_one() {
    let world = World::default();
    let (endpoint, _) = world.register("https://a.example/").await;
    world.clock.advance(Duration::from_secs(1));
    let event = replayed_paid(&world, world.clock.now());
    world.clock.advance(Duration::from_hours(30 * 24 - 1));
    for _ in 0..2 {
        world.plan().consume(&event).await.unwrap();
    }
    assert_eq!((world.deliveries(&endpoint).await.len(), world.work.sent().len()), (1, 1));
}

#[tokio::test]
async fn a_replayed_event_that_is_older_than_a_delivery_is_kept_is_ignored_and_the_log_says_so() {
    assert_eq!(KEPT_FOR, PLANNED_WITHIN.unsigned_abs(), "no record of an accepted event has expired");
    let world = World::default();
    let (endpoint, _) = world.register("https://a.example/").await;
    world.clock.advance(Duration::from_secs(1));
    let event = replayed_paid(&world, world.clock.now());
    world.clock.advance(KEPT_FOR);
    let log = Log::of("plan-deliveries", "info");
    world.plan().consume(&event).await.unwrap();
    assert_eq!((world.deliveries(&endpoint).await.len(), world.work.sent().len()), (0, 0));
    assert!(log.text().contains("the replayed event is too old for this function"), "{}", log.text());
    // Without a mark it is late, not replayed: its record cannot have expired before it was made.
    let late = Message { envelope: Envelope { replayed: None, ..event.envelope.clone() }, ..event };
    world.plan().consume(&late).await.unwrap();
    assert_eq!(world.deliveries(&endpoint).await.len(), 1);
}

#[tokio::test]
async fn a_replayed_event_from_before_an_endpoint_was_enabled_is_no_news_to_it() {
    let world = World::default();
    let event = replayed_paid(&world, world.clock.now());
    world.clock.advance(Duration::from_secs(1));
    let (endpoint, _) = world.register("https://a.example/").await;
    world.plan().consume(&event).await.unwrap();
    assert_eq!((world.deliveries(&endpoint).await.len(), world.work.sent().len()), (0, 0));
}
