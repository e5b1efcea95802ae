//! Who gets a delivery, on the twin of the table.

use crate::testing::{Scene, body_of, updated};
use events::{Because, OrderStatus};
use runtime::queue::Consumer as _;
use serde_json::json;
use std::time::Duration;
use testkit::{Gated, Plan, RequestBuilder as _, Stop, order_id, request};

async fn wanting(scene: &Scene, url: &str, types: &[&str], enabled: bool) -> String {
    let body = json!({"url": url, "event_types": types, "enabled": enabled});
    let asked = request("POST /webhook-endpoints").by_admin().header("idempotency-key", url).json(&body);
    body_of(&scene.ask(asked).await.unwrap())["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_enabled_endpoint_that_wants_the_type_gets_one_delivery() {
    let scene = Scene::default();
    let all = wanting(&scene, "https://a.example/", &["*"], true).await;
    let paid = wanting(&scene, "https://b.example/", &["order.paid", "order.shipped"], true).await;
    let others = wanting(&scene, "https://c.example/", &["order.delivered"], true).await;
    let off = wanting(&scene, "https://d.example/", &["*"], false).await;
    scene.paid(1).await;
    for (endpoint, expected) in [(&all, 1), (&paid, 1), (&others, 0), (&off, 0)] {
        assert_eq!(scene.log(endpoint).await.len(), expected);
    }
    assert_eq!(scene.log(&all).await[0]["id"], scene.log(&paid).await[0]["id"], "one event, one id");
    assert_eq!(scene.work.sent().len(), 2);
    let groups: Vec<_> = scene.work.sent().into_iter().map(|work| work.group).collect();
    assert!(groups.contains(&all) && groups.contains(&paid), "a queue that is fair is so by endpoint");
}

#[tokio::test]
async fn an_event_that_comes_twice_is_delivered_once() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register("https://a.example/").await;
    scene.paid(1).await;
    scene.paid(1).await;
    assert_eq!(scene.log(&endpoint).await.len(), 1);
    scene.drain(Duration::ZERO).await;
    scene.paid(1).await;
    assert_eq!(scene.work.sent(), [], "it was tried: a repeat has nothing to say");
    assert_eq!(scene.receivers.calls().len(), 1);
}

#[tokio::test]
async fn a_message_that_was_lost_between_write_and_send_is_found_by_the_schedule() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register("https://a.example/").await;
    let mut plan = scene.plan();
    plan.work = Gated::new(Plan::stopping(0, Stop::Fail), scene.work.clone());
    let event = updated(Because::OrderPaid, OrderStatus::Paid);
    plan.consume(&testkit::message(&order_id(1), 2, &event)).await.unwrap_err();
    // Nobody delivers the message again: the function that had it is gone for good.
    assert_eq!((scene.log(&endpoint).await.len(), scene.work.sent().len()), (1, 0));
    assert_eq!(scene.schedule().await, 0, "it may still be on its way");
    scene.clock.advance(crate::testing::PACE.lost_after());
    assert_eq!(scene.schedule().await, 1);
    assert_eq!(scene.schedule().await, 0, "not again at once: the queue may only be long");
    scene.drain(Duration::ZERO).await;
    assert_eq!(scene.log(&endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn what_was_not_subscribed_to_is_rejected() {
    let scene = Scene::default();
    let event = events::OrdersEvent::from(events::OrderExpired { pay_by: testkit::now() });
    let failure = scene.plan().consume(&testkit::message(&order_id(1), 2, &event)).await.unwrap_err();
    assert!(matches!(failure, resilience::Failure::Reject { .. }));
}
