//! Calls to endpoints and the attempts that are recorded, on an in-memory table with scripted receivers.

mod concurrency;
mod crashes;
mod health;

use super::*;
use crate::delivery::LOST_AFTER;
use crate::testing::{PACE, URL, World, body_of, header, own_secret, verifies};
use event_store::{Key, Memory};
use futures_util::future::join_all;
use outbound::{Answer, Secret};
use runtime::http::Endpoint as _;
use serde_json::{Value, json};
use testkit::{Gated, Log, Plan, RequestBuilder as _, Stop, answer, now, request};

const SOON: Duration = Duration::from_mins(15);

/// An answer with this status and nothing else.
fn status(status: u16) -> Answer {
    answer(status, &[])
}

/// Fails the next `times` calls.
fn fail_next(world: &World, url: &str, times: usize) {
    for _ in 0..times {
        world.receivers.answer_next(url, Err(CallError::TimedOut(PACE.call_within)));
    }
}

/// Advances the clock by this many hours, and handles every job and schedule in between.
async fn run_for_hours(world: &World, hours: u64) {
    for _ in 0..hours * 6 {
        world.drain(SOON).await;
        world.clock.advance(Duration::from_mins(10));
        world.schedule().await;
    }
    world.drain(SOON).await;
}

#[tokio::test]
async fn a_call_verifies_as_standard_webhooks_with_the_endpoints_secret() {
    let world = World::default();
    let (endpoint, secret) = world.register(URL).await;
    world.publish_paid(1).await;
    assert_eq!(world.drain(Duration::ZERO).await, [Ok(())]);
    let calls = world.receivers.calls();
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((call.method, call.url.as_str(), call.timeout), (Method::Post, URL, PACE.call_within));
    assert_eq!(header(call, "content-type"), "application/json");
    assert!(verifies(call, &secret, now()));
    assert!(!verifies(call, &Secret::new(own_secret()), now()));
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["status"]), (&json!("order.paid"), &json!("paid")));
    let log = world.deliveries(&endpoint).await;
    assert_eq!((&log[0]["status"], &log[0]["next_attempt_at"]), (&json!("delivered"), &Value::Null));
    assert_eq!(log[0]["id"], header(call, "webhook-id"));
    let attempt =
        json!({"number": 1, "at": "2026-01-02T03:04:05Z", "status": 204, "latency_ms": 0, "error": null});
    assert_eq!(log[0]["attempts"], json!([attempt]));
}

#[tokio::test]
async fn each_attempt_has_the_same_id_and_body_and_its_own_timestamp() {
    let world = World::default();
    let (endpoint, secret) = world.register(URL).await;
    world.receivers.answer_next(URL, Ok(status(500)));
    fail_next(&world, URL, 1);
    world.publish_paid(1).await;
    world.drain(SOON).await;
    let calls = world.receivers.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| header(call, "webhook-id") == header(&calls[0], "webhook-id")));
    assert!(calls.iter().all(|call| call.body == calls[0].body));
    let times: Vec<i64> =
        calls.iter().map(|call| header(call, "webhook-timestamp").parse::<i64>().unwrap()).collect();
    assert_eq!([times[1] - times[0], times[2] - times[1]], [6, 360]);
    assert!(verifies(&calls[2], &secret, world.clock.now()));
    let log = world.deliveries(&endpoint).await;
    let errors: Vec<&Value> =
        log[0]["attempts"].as_array().unwrap().iter().map(|one| &one["error"]).collect();
    assert_eq!(errors, [&json!("status"), &json!("timed_out"), &Value::Null]);
}

#[tokio::test]
async fn a_delivery_is_exhausted_after_eight_attempts_and_can_be_redelivered() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    fail_next(&world, URL, 8);
    world.publish_paid(1).await;
    run_for_hours(&world, 60).await;
    let log = world.deliveries(&endpoint).await;
    assert_eq!((&log[0]["status"], &log[0]["attempted"]), (&json!("exhausted"), &json!(8)));
    assert_eq!(world.receivers.calls().len(), 8);
    // A redelivery sends it again under the same id.
    let path = "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver";
    let id = log[0]["id"].as_str().unwrap();
    let request =
        request(path).by_admin().path("endpoint_id", &endpoint).path("delivery_id", id).json(&json!({}));
    assert_eq!(world.answer(request).await.unwrap().status, 202);
    world.drain(Duration::ZERO).await;
    assert_eq!(header(&world.receivers.calls()[8], "webhook-id"), id);
    assert_eq!(world.deliveries(&endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn retry_after_delays_the_next_attempt() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    world.receivers.answer_next(URL, Ok(answer(429, &[("retry-after", "600")])));
    world.publish_paid(1).await;
    world.drain(Duration::ZERO).await;
    assert_eq!(world.deliveries(&endpoint).await[0]["next_attempt_at"], "2026-01-02T03:16:05Z");
    assert_eq!(world.work.sent()[0].delay, Duration::from_mins(12));
}

#[tokio::test]
async fn a_redirect_and_a_refused_address_are_failed_attempts() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    world.receivers.answer_next(URL, Ok(status(302)));
    world.receivers.answer_next(URL, Err(CallError::Invalid("not public".to_owned())));
    world.receivers.answer_next(URL, Err(CallError::Connection("refused".to_owned())));
    world.publish_paid(1).await;
    run_for_hours(&world, 1).await;
    let log = world.deliveries(&endpoint).await;
    let errors: Vec<&Value> =
        log[0]["attempts"].as_array().unwrap().iter().map(|one| &one["error"]).collect();
    let expected = ["redirect_not_followed", "address_refused", "connection_failed"].map(Value::from);
    assert_eq!(errors[..3], expected.iter().collect::<Vec<_>>());
    assert_eq!(world.receivers.calls().len(), 4, "one call per attempt");
}

/// The documents without their versions and expiries.
fn documents_in(memory: &Memory) -> Vec<(Key, Value)> {
    let all = memory.all_documents().into_iter();
    all.map(|(key, document)| (key, Value::clone(&document.body))).collect()
}

#[tokio::test]
async fn a_rotated_secret_signs_until_it_expires() {
    let world = World::default();
    let (endpoint, old) = world.register(URL).await;
    let request = request("POST /webhook-endpoints/{endpoint_id}/secret").by_admin();
    let request = request.path("endpoint_id", &endpoint).header("idempotency-key", "r").json(&json!({}));
    let new = body_of(&world.manage().answer(request).await.unwrap());
    let new = Secret::new(new["secret"].as_str().unwrap());
    for (order, hours, old_holds) in [(1, 0, true), (2, 23, true), (3, 1, false)] {
        world.clock.advance(Duration::from_hours(hours));
        world.publish_paid(order).await;
        world.drain(Duration::ZERO).await;
        let call = world.receivers.calls().pop().unwrap();
        assert!(verifies(&call, &new, world.clock.now()));
        assert_eq!(verifies(&call, &old, world.clock.now()), old_holds, "order {order}");
    }
}

#[tokio::test]
async fn deleting_an_endpoint_ends_its_pending_deliveries() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    fail_next(&world, URL, 1);
    world.publish_paid(1).await;
    world.drain(Duration::ZERO).await;
    let request =
        request("DELETE /webhook-endpoints/{endpoint_id}").by_admin().path("endpoint_id", &endpoint);
    assert_eq!(world.answer(request).await.unwrap().status, 204);
    run_for_hours(&world, 1).await;
    assert_eq!(world.receivers.calls().len(), 1);
    let left = documents_in(&world.memory);
    let (_, delivery) = left.iter().find(|(key, _)| key.sk.starts_with("delivery#")).unwrap();
    assert_eq!(
        (&delivery["state"]["is"], &delivery["state"]["because"]),
        (&json!("ended"), &json!("endpoint_deleted"))
    );
    let (_, gone) = left.iter().find(|(key, _)| key.pk == "endpoints").unwrap();
    assert_eq!((&gone["secrets"], &gone["url"]), (&json!([]), &json!("")));
}

#[tokio::test]
async fn an_unreadable_job_is_rejected_and_one_of_an_expired_delivery_is_done() {
    let world = World::default();
    for unsound in ["", "{}", "[]", r#"{"endpoint":"ep_1","delivery":"msg_1","message":-1}"#] {
        let failure = world.deliver().handle(unsound, 1).await.unwrap_err();
        assert!(matches!(failure, Failure::Reject { .. }), "{unsound}");
    }
    let forgotten = r#"{"endpoint":"ep_1","delivery":"msg_1","message":1}"#;
    assert_eq!(world.deliver().handle(forgotten, 1).await, Ok(()));
}

#[tokio::test]
async fn a_message_that_another_one_replaced_makes_no_call() {
    let world = World::default();
    world.register(URL).await;
    world.publish_paid(1).await;
    let lost = world.work.take().remove(0);
    world.clock.advance(LOST_AFTER);
    assert_eq!(world.schedule().await, 1);
    assert_eq!(world.deliver().handle(&lost.body, 1).await, Ok(()));
    assert_eq!(world.receivers.calls().len(), 0);
    assert_eq!(world.drain(Duration::ZERO).await, [Ok(())]);
    assert_eq!(world.receivers.calls().len(), 1);
}

#[tokio::test]
async fn a_message_that_returns_early_waits_for_the_rest_of_the_time() {
    let world = World::default();
    world.register(URL).await;
    fail_next(&world, URL, 1);
    world.publish_paid(1).await;
    let job = world.work.take().remove(0);
    for (advance, wait) in [(0, 6), (1, 5), (2, 3)] {
        world.clock.advance(Duration::from_secs(advance));
        let early = world.deliver().handle(&job.body, 1).await.unwrap_err();
        assert!(
            matches!(&early, Failure::Retry { after: Some(after), .. } if after.as_secs() == wait),
            "{early:?}"
        );
    }
    assert_eq!(world.receivers.calls().len(), 1);
}
