//! One webhook and its replays, and who may see them.

use crate::testing::{World, applied};
use jiff::SignedDuration;
use runtime::http::{Endpoint as _, Server, parse_sample};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, now, request};
use webhooks::inbox::{self, replay};

#[tokio::test]
async fn a_webhook_is_shown_byte_for_byte_without_its_signature() {
    let world = World::with_webhooks().await;
    let ask = request("GET /webhooks/inbox/{id}").by_admin().path("id", "stripe:evt_1");
    let reply = world.inbox().answer(ask).await.unwrap();
    assert!(reply.body.contains(r#""body":{"z": 1.0, "a": "b"}"#), "byte for byte: {}", reply.body);
    for secret in ["v1=", "Bearer"] {
        assert!(!reply.body.contains(secret), "{}", reply.body);
    }
    let (_, page) = world.show("stripe:evt_1").await.unwrap();
    assert_eq!(page["came_by"], "delivery");
    assert_eq!(page["headers"], json!({"user-agent": "Stripe/1.0"}));
    assert_eq!((&page["status"], &page["led_to"]), (&json!("applied"), &json!(["payments/x/2"])));
    assert_eq!(page["replays"], json!([]));
    assert_eq!(world.show("easypost%3Aevt_4").await.unwrap().1["status"], "received");
}

#[tokio::test]
async fn an_unknown_webhook_is_not_found() {
    let world = World::with_webhooks().await;
    let long = format!("stripe:{}", "x".repeat(201));
    for id in
        ["stripe:evt_2", "easypost:evt_1", "github:evt_1", "evt_1", "stripe:", "", "stripe:evt_1#x", &long]
    {
        assert_eq!(world.show(id).await.unwrap_err().status, 404, "{id}");
        assert_eq!(world.replay(id).await.unwrap_err().status, 404, "{id}");
    }
}

#[tokio::test]
async fn a_webhook_that_has_expired_is_not_replayed_although_its_table_still_holds_it() {
    let world = World::with_webhooks().await;
    world.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(world.show("stripe:evt_1").await.unwrap_err().status, 404);
    assert_eq!(world.replay("stripe:evt_1").await.unwrap_err().status, 404);
}

#[tokio::test]
async fn a_replay_is_recorded_with_who_requested_it_and_when() {
    let world = World::with_webhooks().await;
    let (status, answer) = world.replay("stripe:evt_6").await.unwrap();
    assert_eq!((status, &answer["id"]), (202, &json!("stripe:evt_6")));
    assert_eq!(world.replay("stripe:evt_6").await.unwrap().0, 202, "the same moment makes the same replay");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.replay("stripe:evt_6").await.unwrap().0, 202);
    let (_, page) = world.show("stripe:evt_6").await.unwrap();
    let times: Vec<&Value> =
        page["replays"].as_array().unwrap().iter().map(|replay| &replay["asked_at"]).collect();
    let at = |seconds| json!(now() + SignedDuration::from_secs(seconds));
    assert_eq!(times, [&at(6), &at(7)]);
    assert!(page["replays"][0]["asked_by"]["subject"].is_string());
    let keys: Vec<_> = world.payments.all_documents().into_iter().map(|(key, _)| key).collect();
    let replayed: Vec<_> =
        keys.iter().filter_map(|key| replay::asks_for(key, "stripe").filter(|it| it != key)).collect();
    assert_eq!(replayed, [inbox::key("stripe", "evt_6"), inbox::key("stripe", "evt_6")]);
}

#[tokio::test]
async fn every_route_needs_the_admin_group() {
    let world = World::with_webhooks().await;
    for route in ["GET /webhooks/inbox", "GET /webhooks/inbox/{id}", "POST /webhooks/inbox/{id}/replay"] {
        let ask = request(route).path("id", "stripe:evt_1");
        assert_eq!(world.ask_inbox(ask.clone()).await.unwrap_err().status, 401);
        assert_eq!(world.ask_inbox(ask.by(customer())).await.unwrap_err().status, 403);
    }
}

#[tokio::test]
async fn an_unknown_parameter_of_the_list_is_named() {
    let world = World::with_webhooks().await;
    let ask = request("GET /webhooks/inbox").by_admin().query("email", "");
    let problem = world.ask_inbox(ask).await.unwrap_err();
    assert_eq!((problem.status, problem.kind), (400, "unknown-query-parameter"));
    assert!(problem.detail.contains("email"), "{}", problem.detail);
    let ask =
        request("GET /webhooks/inbox").by_admin().query("status", "").query("type", "").query("source", "");
    assert_eq!(world.ask_inbox(ask).await.unwrap().0, 200);
}

#[tokio::test]
async fn every_sample_is_answered() {
    let world = World::new();
    world
        .receive("stripe", "evt_3MtwBwLkdIwHu7ix0H2aVXqF", "payment_intent.succeeded", Some(applied()))
        .await;
    let server = Server { access: Some(testkit::access()), limiter: None, endpoint: Arc::new(world.inbox()) };
    for (sample, status) in [
        (include_str!("../../../../events/webhook-inbox/list.json"), 200),
        (include_str!("../../../../events/webhook-inbox/get.json"), 200),
        (include_str!("../../../../events/webhook-inbox/replay.json"), 202),
    ] {
        assert_eq!(server.serve(parse_sample(sample).unwrap()).await.status(), status);
    }
}
