//! Events that were not delivered are fetched, once.

use super::super::translate::{MEANINGFUL, parse};
use super::{Reconcile, ReconcileStripe, SOURCE};
use crate::payment::Stage;
use crate::testing::World;
use event_store::Documents as _;
use jiff::{SignedDuration, Timestamp};
use resilience::Failure;
use runtime::command::Command as _;
use serde_json::{Value, json};
use testkit::{Fault, now};
use webhooks::inbox::{self, ReceivedBy};

fn step(world: &World) -> ReconcileStripe {
    ReconcileStripe {
        documents: world.table.clone(),
        clock: world.clock.clone(),
        stripe: world.stripe(),
        livemode: false,
    }
}

async fn reconcile(world: &World, asked: Value) -> Result<Value, Failure> {
    runtime::command::work(&step(world), asked).await
}

fn counts(report: &Value) -> [u64; 4] {
    ["found", "new", "known", "refused"].map(|name| report[name].as_u64().unwrap())
}

#[tokio::test]
async fn an_undelivered_event_is_fetched_and_pays_the_order() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    for event in world.provider.take_events() {
        world.deliver(&event).await;
        world.provider.delivered(event["id"].as_str().unwrap());
    }
    world.provider.authenticate(&world.intent(), true);
    let lost = world.provider.take_events().remove(0);
    let id = lost["id"].as_str().unwrap();

    let report = reconcile(&world, json!({"since": "2026-01-02T00:00:00Z"})).await.unwrap();
    assert_eq!((counts(&report), &report["next"]), ([1, 1, 0, 0], &Value::Null));
    let key = inbox::key(SOURCE, id);
    let document = world.table.get(&key).await.unwrap().unwrap();
    let (item, body) = inbox::open(&document, &key).unwrap();
    assert_eq!((item.by, body), (ReceivedBy::Api, lost.to_string().into_bytes()));
    assert_eq!(world.apply(vec![world.inbox(id)]).await.unwrap(), []);
    assert!(matches!(world.payment().await.stage, Stage::Paid { .. }));

    let again = reconcile(&world, json!({"since": "2026-01-02T00:00:00Z"})).await.unwrap();
    assert_eq!(counts(&again), [1, 0, 1, 0], "a known event is left as it is");
    assert_eq!(world.receive(world.signed(lost.to_string().as_bytes())).await.unwrap().status, 200);
    let kept = world.table.get(&key).await.unwrap().unwrap();
    assert_eq!(kept, document, "a later delivery is a duplicate");
}

/// The provider has this many refunds of one order, each with its event.
async fn with_refunds(count: usize) -> World {
    let world = World::after_checkout("pm_card_visa").await;
    for _ in 0..count {
        world.provider.refund_in_dashboard(&world.intent(), 1).unwrap();
    }
    world
}

#[tokio::test]
async fn all_pages_are_read() {
    let world = with_refunds(250).await;
    let report = reconcile(&world, json!({"since": "2026-01-02T00:00:00Z"})).await.unwrap();
    assert_eq!((counts(&report), &report["next"]), ([251, 251, 0, 0], &Value::Null));
    assert_eq!(world.provider.calls("GET /v1/events"), 3);
}

#[tokio::test]
async fn a_run_is_bounded_and_the_next_continues_where_it_ended() {
    let world = with_refunds(0).await;
    let spare = 2_100;
    for n in 0..spare {
        world
            .provider
            .emit("refund.updated", &json!({"id": format!("re_{n}"), "status": "succeeded", "amount": 1}));
    }
    let mut asked = json!({"since": "2026-01-02T00:00:00Z"});
    let first = reconcile(&world, asked.clone()).await.unwrap();
    assert_eq!(counts(&first), [2_000, 2_000, 0, 0]);
    asked["after"] = first["next"].clone();
    let rest = reconcile(&world, asked).await.unwrap();
    assert_eq!((counts(&rest), &rest["next"]), ([101, 101, 0, 0], &Value::Null));
}

#[tokio::test]
async fn a_plan_counts_and_keeps_nothing() {
    let world = with_refunds(2).await;
    let plan = reconcile(&world, json!({"since": "2026-01-02T00:00:00Z", "do": "plan"})).await.unwrap();
    assert_eq!((counts(&plan), &plan["do"]), ([3, 0, 0, 0], &json!("plan")));
    assert!(world.table.all_documents().iter().all(|(key, _)| !key.pk.starts_with("webhook#")));
    let fetched = reconcile(&world, json!({"since": "2026-01-02T00:00:00Z", "by": "olga"})).await.unwrap();
    assert_eq!((counts(&fetched), &fetched["do"]), ([3, 3, 0, 0], &json!("fetch")));
}

#[tokio::test]
async fn a_run_for_no_time_reads_one_page_and_says_where_the_next_begins() {
    let world = with_refunds(150).await;
    let mut asked = json!({"since": "2026-01-02T00:00:00Z", "for_seconds": 0});
    let first = reconcile(&world, asked.clone()).await.unwrap();
    assert_eq!(counts(&first), [100, 100, 0, 0]);
    asked["after"] = first["next"].clone();
    let rest = reconcile(&world, asked).await.unwrap();
    assert_eq!((counts(&rest), &rest["next"]), ([51, 51, 0, 0], &Value::Null));
}

#[tokio::test]
async fn events_without_meaning_or_of_the_other_mode_are_not_kept() {
    let world = with_refunds(0).await;
    world.provider.emit("customer.created", &json!({"id": "cus_1"}));
    let mut step = step(&world);
    step.livemode = true;
    let report = step.run(Reconcile::default()).await.unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 1], "the event of the payment, which is of test mode");
    assert!(world.table.all_documents().iter().all(|(key, _)| !key.pk.starts_with("webhook#")));
}

#[tokio::test]
async fn without_arguments_the_last_three_days_are_fetched() {
    let world = with_refunds(0).await;
    let report = reconcile(&world, json!({"source": "aws.events"})).await.unwrap();
    assert_eq!(counts(&report), [1, 1, 0, 0]);
    assert_eq!(report["since"], json!(now() - SignedDuration::from_hours(72)));
    world.clock.advance(std::time::Duration::from_hours(73));
    assert_eq!(counts(&reconcile(&world, json!({})).await.unwrap()), [0, 0, 0, 0]);
}

#[tokio::test]
async fn an_invalid_since_is_refused_before_any_call() {
    let world = with_refunds(0).await;
    for since in
        [now() + SignedDuration::from_secs(1), now() - SignedDuration::from_hours(721), Timestamp::MIN]
    {
        let refused = reconcile(&world, json!({"since": since})).await;
        assert!(matches!(refused, Err(Failure::Reject { .. })), "{since}");
    }
    assert!(matches!(reconcile(&world, json!({"since": "yesterday"})).await, Err(Failure::Reject { .. })));
    assert_eq!(world.provider.calls("GET /v1/events"), 0);
}

#[tokio::test]
async fn an_outage_fails_the_run_and_a_repeat_completes_it() {
    let world = with_refunds(150).await;
    world.provider.fail("GET /v1/events", 4, Fault::ErrorBefore);
    for _ in 0..2 {
        assert!(matches!(reconcile(&world, json!({})).await, Err(Failure::Retry { .. })));
    }
    assert_eq!(counts(&reconcile(&world, json!({})).await.unwrap()), [151, 151, 0, 0]);
}

/// Every type that is fetched means something, and the README subscribes the endpoint to no other.
#[test]
fn the_fetched_types_are_those_that_mean_something() {
    let readme = include_str!("../../../../../../docs/deploy.md");
    let (_, after) = readme.split_once("/webhooks/stripe` with the events").unwrap();
    let subscribed: Vec<&str> = after
        .split("; or with the CLI")
        .next()
        .unwrap()
        .split('`')
        .filter(|text| text.contains('.'))
        .collect();
    assert!(subscribed.len() > 5);
    for kind in MEANINGFUL.iter().chain(&subscribed) {
        let event = json!({
            "id": "evt_1", "type": kind, "livemode": false, "data": {"object": {"id": 7, "payment_intent": 7}},
        });
        assert!(parse(event.to_string().as_bytes()).is_err(), "{kind} is ignored");
        assert!(MEANINGFUL.contains(kind), "{kind}");
    }
}

#[tokio::test]
async fn the_samples_are_accepted() {
    let world = with_refunds(0).await;
    for (sample, expected) in [
        (include_str!("../../../../../../events/reconcile-stripe/since.json"), [1, 1, 0, 0]),
        (include_str!("../../../../../../events/reconcile-stripe/scheduled.json"), [1, 0, 1, 0]),
    ] {
        let report = reconcile(&world, serde_json::from_str(sample).unwrap()).await.unwrap();
        assert_eq!(counts(&report), expected);
    }
}

#[tokio::test]
async fn a_since_that_is_no_time_is_refused_with_what_is_allowed() {
    let world = World::after_checkout("pm_card_visa").await;
    for since in [json!("yesterday"), json!(20_260_102), json!({"at": "yesterday"})] {
        let refused = reconcile(&world, json!({"since": since})).await.unwrap_err();
        assert_eq!(
            refused,
            Failure::reject(
                "the command's input is not valid: since: expected an RFC 3339 time such as 2026-11-24T00:00:00Z"
            )
        );
    }
}
