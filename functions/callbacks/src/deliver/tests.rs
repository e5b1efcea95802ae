//! Calls and what follows them, on the twin of the table, with receivers that answer as they are told.

use super::*;
use crate::testing::{PACE, Scene, URL, body_of, header, own_secret, verifies};
use event_store::{Key, Memory};
use futures_util::future::join_all;
use outbound::{Answer, Secret};
use runtime::http::Endpoint as _;
use serde_json::{Value, json};
use testkit::{Gated, Log, Plan, RequestBuilder as _, Stop, answer, now, request};

const SOON: Duration = Duration::from_mins(15);

/// An answer of this status, and nothing more.
fn refusal(status: u16) -> Answer {
    answer(status, &[])
}

/// Fails the next `times` calls.
fn failing(scene: &Scene, url: &str, times: usize) {
    for _ in 0..times {
        scene.receivers.answer_next(url, Err(CallError::TimedOut(PACE.call_within)));
    }
}

/// Goes on in time until nothing is pending, or for this long.
async fn go_on(scene: &Scene, hours: u64) {
    for _ in 0..hours * 6 {
        scene.drain(SOON).await;
        scene.clock.advance(Duration::from_mins(10));
        scene.schedule().await;
    }
    scene.drain(SOON).await;
}

#[tokio::test]
async fn a_call_is_one_of_standard_webhooks_and_verifies_with_the_endpoints_secret() {
    let scene = Scene::default();
    let (endpoint, secret) = scene.register(URL).await;
    scene.paid(1).await;
    assert_eq!(scene.drain(Duration::ZERO).await, [Ok(())]);
    let calls = scene.receivers.calls();
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((call.method, call.url.as_str(), call.timeout), (Method::Post, URL, PACE.call_within));
    assert_eq!(header(call, "content-type"), "application/json");
    assert!(verifies(call, &secret, now()));
    assert!(!verifies(call, &Secret::new(own_secret()), now()));
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["status"]), (&json!("order.paid"), &json!("paid")));
    let log = scene.log(&endpoint).await;
    assert_eq!((&log[0]["status"], &log[0]["next_attempt_at"]), (&json!("delivered"), &Value::Null));
    assert_eq!(log[0]["id"], header(call, "webhook-id"));
    let attempt =
        json!({"number": 1, "at": "2026-01-02T03:04:05Z", "status": 204, "latency_ms": 0, "error": null});
    assert_eq!(log[0]["attempts"], json!([attempt]));
}

#[tokio::test]
async fn a_receiver_that_fails_twice_gets_the_same_id_and_body_with_the_time_of_each_attempt() {
    let scene = Scene::default();
    let (endpoint, secret) = scene.register(URL).await;
    scene.receivers.answer_next(URL, Ok(refusal(500)));
    failing(&scene, URL, 1);
    scene.paid(1).await;
    scene.drain(SOON).await;
    let calls = scene.receivers.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| header(call, "webhook-id") == header(&calls[0], "webhook-id")));
    assert!(calls.iter().all(|call| call.body == calls[0].body));
    let times: Vec<i64> =
        calls.iter().map(|call| header(call, "webhook-timestamp").parse::<i64>().unwrap()).collect();
    assert_eq!([times[1] - times[0], times[2] - times[1]], [6, 360]);
    assert!(verifies(&calls[2], &secret, scene.clock.now()));
    let log = scene.log(&endpoint).await;
    let errors: Vec<&Value> =
        log[0]["attempts"].as_array().unwrap().iter().map(|one| &one["error"]).collect();
    assert_eq!(errors, [&json!("status"), &json!("timed_out"), &Value::Null]);
}

#[tokio::test]
async fn a_receiver_that_never_takes_it_is_tried_eight_times_over_a_day_and_then_left() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    failing(&scene, URL, 8);
    scene.paid(1).await;
    go_on(&scene, 60).await;
    let log = scene.log(&endpoint).await;
    assert_eq!((&log[0]["status"], &log[0]["attempted"]), (&json!("exhausted"), &json!(8)));
    assert_eq!(scene.receivers.calls().len(), 8);
    // By hand it goes out again, under its id.
    let path = "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver";
    let id = log[0]["id"].as_str().unwrap();
    let asked =
        request(path).by_admin().path("endpoint_id", &endpoint).path("delivery_id", id).json(&json!({}));
    assert_eq!(scene.ask(asked).await.unwrap().status, 202);
    scene.drain(Duration::ZERO).await;
    assert_eq!(header(&scene.receivers.calls()[8], "webhook-id"), id);
    assert_eq!(scene.log(&endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    scene.receivers.answer_next(URL, Ok(answer(429, &[("retry-after", "600")])));
    scene.paid(1).await;
    scene.drain(Duration::ZERO).await;
    assert_eq!(scene.log(&endpoint).await[0]["next_attempt_at"], "2026-01-02T03:16:05Z");
    assert_eq!(scene.work.sent()[0].delay, Duration::from_mins(12));
}

#[tokio::test]
async fn gone_disables_at_once_and_what_else_is_pending_ends() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    scene.receivers.answer_next(URL, Ok(refusal(410)));
    scene.paid(1).await;
    scene.paid(2).await;
    scene.drain(Duration::ZERO).await;
    let seen = scene.endpoint(&endpoint).await;
    assert_eq!((&seen["enabled"], &seen["disabled_because"]), (&json!(false), &json!("gone_410")));
    assert_eq!(scene.receivers.calls().len(), 1);
    for delivery in scene.log(&endpoint).await {
        assert_eq!(
            (&delivery["status"], &delivery["ended_because"]),
            (&json!("ended"), &json!("endpoint_disabled"))
        );
    }
    scene.paid(3).await;
    assert_eq!(scene.log(&endpoint).await.len(), 2, "nothing is planned for it");
}

#[tokio::test]
async fn an_endpoint_that_fails_for_120_hours_is_disabled_and_one_success_forgives() {
    let scene = Scene::default();
    let (dead, _) = scene.register(URL).await;
    let alive_url = "https://alive.example/";
    let (alive, _) = scene.register(alive_url).await;
    failing(&scene, URL, 1000);
    for day in 0..6 {
        failing(&scene, alive_url, 2);
        scene.paid(day).await;
        go_on(&scene, 24).await;
    }
    let seen = scene.endpoint(&dead).await;
    assert_eq!((&seen["enabled"], &seen["disabled_because"]), (&json!(false), &json!("failing_120_hours")));
    assert_eq!(scene.endpoint(&alive).await["enabled"], true);
    // Enabled again it is called again, and its earlier failures are forgiven.
    let asked = request("PATCH /webhook-endpoints/{endpoint_id}").by_admin().path("endpoint_id", &dead);
    scene.ask(asked.json(&json!({"enabled": true}))).await.unwrap();
    scene.paid(99).await;
    scene.clock.advance(SOON);
    scene.drain(SOON).await;
    assert_eq!(scene.endpoint(&dead).await["enabled"], true);
}

#[tokio::test]
async fn what_a_receiver_failed_at_is_not_held_against_another_one_in_its_place() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    failing(&scene, URL, 1000);
    for day in 0..4 {
        scene.paid(day).await;
        go_on(&scene, 24).await;
    }
    let elsewhere = "https://elsewhere.example/";
    failing(&scene, elsewhere, 1000);
    let asked = request("PATCH /webhook-endpoints/{endpoint_id}").by_admin().path("endpoint_id", &endpoint);
    scene.ask(asked.json(&json!({"url": elsewhere}))).await.unwrap();
    scene.paid(9).await;
    go_on(&scene, 48).await;
    assert_eq!(scene.endpoint(&endpoint).await["enabled"], true);
    go_on(&scene, 96).await;
    scene.paid(10).await;
    go_on(&scene, 1).await;
    assert_eq!(scene.endpoint(&endpoint).await["enabled"], false);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_an_address_that_is_refused_is_one_too() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    scene.receivers.answer_next(URL, Ok(refusal(302)));
    scene.receivers.answer_next(URL, Err(CallError::Unsound("not public".to_owned())));
    scene.receivers.answer_next(URL, Err(CallError::Connection("refused".to_owned())));
    scene.paid(1).await;
    go_on(&scene, 1).await;
    let log = scene.log(&endpoint).await;
    let errors: Vec<&Value> =
        log[0]["attempts"].as_array().unwrap().iter().map(|one| &one["error"]).collect();
    let expected = ["redirect_not_followed", "address_refused", "connection_failed"].map(Value::from);
    assert_eq!(errors[..3], expected.iter().collect::<Vec<_>>());
    assert_eq!(scene.receivers.calls().len(), 4, "one call an attempt");
}

#[tokio::test]
async fn a_dead_endpoint_is_left_alone_by_the_breaker_while_the_living_gets_everything() {
    let scene = Scene::default();
    let (dead, _) = scene.register(URL).await;
    let (alive, _) = scene.register("https://alive.example/").await;
    failing(&scene, URL, 1000);
    for order in 0..40 {
        scene.paid(order).await;
    }
    scene.drain(Duration::ZERO).await;
    assert!(scene.log(&alive).await.iter().all(|delivery| delivery["status"] == "delivered"));
    let called = scene.receivers.calls().iter().filter(|call| call.url == URL).count();
    assert_eq!(called, 5, "the breaker opened, and the rest was put off");
    let log = scene.log(&dead).await;
    assert!(log.iter().all(|delivery| delivery["status"] == "pending"));
    assert_eq!(log.iter().filter(|delivery| delivery["attempted"] == 0).count(), 35, "which is no attempt");
    assert!(scene.endpoint(&dead).await["health"]["paused_until"].is_string());
}

#[tokio::test]
async fn once_a_dead_endpoint_is_back_it_gets_all_that_it_missed() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    failing(&scene, URL, 8);
    for order in 0..20 {
        scene.paid(order).await;
    }
    go_on(&scene, 4).await;
    let log = scene.log(&endpoint).await;
    assert_eq!(log.len(), 20);
    assert!(log.iter().all(|delivery| delivery["status"] == "delivered"), "{log:#?}");
}

#[tokio::test]
async fn more_calls_than_may_be_under_way_are_put_off_by_seconds_and_count_as_nothing() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    for order in 0..3 {
        scene.paid(order).await;
    }
    let errands = scene.work.take();
    // Two functions that have gone down in the middle of their calls hold a lease each.
    for errand in &errands[..2] {
        let mut step = scene.deliver();
        let plan = Plan::stopping(0, Stop::CrashBefore);
        step.transport = Gated::new(plan.clone(), scene.receivers.clone());
        assert!(plan.drive(step.handle(&errand.body, 1)).await.is_none());
    }
    let busy = scene.deliver().handle(&errands[2].body, 1).await.unwrap_err();
    assert!(matches!(&busy, Failure::Retry { after: Some(after), .. } if *after == BUSY_FOR * 2), "{busy:?}");
    assert_eq!(scene.log(&endpoint).await.iter().map(|one| one["attempted"].as_u64()).max(), Some(Some(0)));
    // Once their leases have run out, there is room.
    scene.clock.advance(PACE.lease());
    scene.deliver().handle(&errands[2].body, 2).await.unwrap();
    assert_eq!(scene.receivers.calls().len(), 1);
}

/// Receivers that let others run before they answer.
struct Slow(Arc<testkit::Receivers>);

#[async_trait]
impl Transport for Slow {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        self.0.send(call).await
    }
}

#[tokio::test]
async fn a_batch_for_one_endpoint_is_worked_off_in_one_go_while_it_answers() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    for order in 0..10 {
        scene.paid(order).await;
    }
    // A clock that really waits: who stands in line must not be told at once that it took too long.
    let (clock, transport) = (Arc::new(resilience::SystemClock), Arc::new(Slow(scene.receivers.clone())));
    let step = DeliverWebhook { transport, clock, ..scene.deliver() };
    let errands = scene.work.take();
    let outcomes = join_all(errands.iter().map(|errand| step.handle(&errand.body, 1))).await;
    assert_eq!(outcomes, vec![Ok(()); 10]);
    assert!(scene.log(&endpoint).await.iter().all(|delivery| delivery["status"] == "delivered"));
    assert_eq!(scene.receivers.calls().len(), 10);
}

/// What stands in the table, without what counts writes and moments.
fn left_in(memory: &Memory) -> Vec<(Key, Value)> {
    let all = memory.all_documents().into_iter();
    all.map(|(key, document)| (key, document.body)).collect()
}

#[tokio::test]
async fn whatever_call_it_is_stopped_at_nothing_is_lost_and_the_attempt_counts_once() {
    for (first_answer, calls) in [(204, 8), (500, 9), (410, 10)] {
        let mut expected = None;
        for (call, stop) in [(usize::MAX, Stop::Fail)]
            .into_iter()
            .chain((0..calls).flat_map(|call| Stop::ALL.map(|stop| (call, stop))))
        {
            let scene = Scene::default();
            scene.register(URL).await;
            scene.receivers.answer_next(URL, Ok(refusal(first_answer)));
            scene.receivers.answer_next(URL, Ok(refusal(first_answer)));
            scene.paid(1).await;
            let errand = scene.work.take().remove(0);
            let plan = Plan::stopping(call, stop);
            let mut step = scene.deliver();
            step.documents = Gated::new(plan.clone(), scene.memory.clone());
            step.transport = Gated::new(plan.clone(), scene.receivers.clone());
            step.work = Gated::new(plan.clone(), scene.work.clone());
            let first = plan.drive(step.handle(&errand.body, 1)).await;
            if first != Some(Ok(())) {
                scene.deliver().handle(&errand.body, 2).await.unwrap();
            }
            // A time-out of the transport is a failure like another; the rest has to be equal.
            let is_call = plan.calls().get(call) == Some(&"transport.send");
            if call != usize::MAX && is_call && matches!(stop, Stop::Fail | Stop::LoseReply) {
                continue;
            }
            let left = left_in(&scene.memory);
            let expected = expected.get_or_insert_with(|| left.clone());
            assert_eq!(&left, expected, "{first_answer}: {stop:?} at {call}: {:?}", plan.calls());
            let again = scene.work.sent().len();
            assert_eq!(again > 0, first_answer == 500, "{first_answer}: {stop:?} at {call}");
        }
    }
}

#[tokio::test]
async fn a_function_that_dies_in_its_call_loses_nothing_though_its_message_is_lost() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    scene.paid(1).await;
    let errand = scene.work.take().remove(0);
    let plan = Plan::stopping(0, Stop::CrashAfter);
    let mut step = scene.deliver();
    step.transport = Gated::new(plan.clone(), scene.receivers.clone());
    assert!(plan.drive(step.handle(&errand.body, 1)).await.is_none());
    assert_eq!(scene.log(&endpoint).await[0]["attempted"], 0);
    scene.clock.advance(PACE.lost_after());
    assert_eq!(scene.schedule().await, 1);
    scene.drain(Duration::ZERO).await;
    let calls = scene.receivers.calls();
    assert_eq!(calls.len(), 2, "at least once");
    assert_eq!(header(&calls[0], "webhook-id"), header(&calls[1], "webhook-id"));
    assert_eq!(scene.log(&endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_new_one_until_its_end() {
    let scene = Scene::default();
    let (endpoint, old) = scene.register(URL).await;
    let asked = request("POST /webhook-endpoints/{endpoint_id}/secret").by_admin();
    let asked = asked.path("endpoint_id", &endpoint).header("idempotency-key", "r").json(&json!({}));
    let new = body_of(&scene.manage().answer(asked).await.unwrap());
    let new = Secret::new(new["secret"].as_str().unwrap());
    for (order, hours, old_holds) in [(1, 0, true), (2, 23, true), (3, 1, false)] {
        scene.clock.advance(Duration::from_hours(hours));
        scene.paid(order).await;
        scene.drain(Duration::ZERO).await;
        let call = scene.receivers.calls().pop().unwrap();
        assert!(verifies(&call, &new, scene.clock.now()));
        assert_eq!(verifies(&call, &old, scene.clock.now()), old_holds, "order {order}");
    }
}

#[tokio::test]
async fn deleting_an_endpoint_ends_what_is_under_way() {
    let scene = Scene::default();
    let (endpoint, _) = scene.register(URL).await;
    failing(&scene, URL, 1);
    scene.paid(1).await;
    scene.drain(Duration::ZERO).await;
    let asked = request("DELETE /webhook-endpoints/{endpoint_id}").by_admin().path("endpoint_id", &endpoint);
    assert_eq!(scene.ask(asked).await.unwrap().status, 204);
    go_on(&scene, 1).await;
    assert_eq!(scene.receivers.calls().len(), 1);
    let left = left_in(&scene.memory);
    let (_, delivery) = left.iter().find(|(key, _)| key.sk.starts_with("delivery#")).unwrap();
    assert_eq!(
        (&delivery["state"]["is"], &delivery["state"]["because"]),
        (&json!("ended"), &json!("endpoint_deleted"))
    );
    let (_, gone) = left.iter().find(|(key, _)| key.pk == "endpoints").unwrap();
    assert_eq!((&gone["secrets"], &gone["url"]), (&json!([]), &json!("")));
}

#[tokio::test]
async fn a_message_that_is_no_errand_is_rejected_and_one_of_a_forgotten_delivery_is_done() {
    let scene = Scene::default();
    for unsound in ["", "{}", "[]", r#"{"endpoint":"ep_1","delivery":"msg_1","attempt":-1}"#] {
        let failure = scene.deliver().handle(unsound, 1).await.unwrap_err();
        assert!(matches!(failure, Failure::Reject { .. }), "{unsound}");
    }
    let forgotten = r#"{"endpoint":"ep_1","delivery":"msg_1","attempt":1}"#;
    assert_eq!(scene.deliver().handle(forgotten, 1).await, Ok(()));
}

#[tokio::test]
async fn an_endpoint_that_is_disabled_writes_the_line_that_its_alarm_counts_and_no_url() {
    let scene = Scene::default();
    let (endpoint, secret) = scene.register("https://shop.example/hooks?token=hidden").await;
    scene.receivers.answer_next("https://shop.example/hooks?token=hidden", Ok(refusal(410)));
    scene.paid(1).await;
    let log = Log::of("deliver-webhook", "info");
    scene.drain(Duration::ZERO).await;
    let (text, lines) = (log.text(), log.lines());
    let counted: Vec<&Value> = lines.iter().filter(|line| line["EndpointDisabled"] == 1).collect();
    let [line] = counted.as_slice() else { panic!("{text}") };
    assert_eq!((&line["because"], &line["endpoint.id"]), (&json!("gone_410"), &json!(endpoint)));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack", "because"]]));
    assert!(!text.contains("hidden") && !text.contains(secret.expose()));
}
