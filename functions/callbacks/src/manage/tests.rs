//! Endpoints: creating, changing and deleting them, and rotating their secrets, through HTTP requests.

mod deliveries;
mod optional_parts;

use super::*;
use crate::testing::{URL, World, body_of, own_secret};
use outbound::Networks;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use testkit::{FixedNames, RequestBuilder as _, customer, request};

fn creation(key: &str, body: &Value) -> Request {
    request("POST /webhook-endpoints").by_admin().header("idempotency-key", key).json(body)
}

fn on(route: &str, endpoint: &str) -> Request {
    request(route).by_admin().path("endpoint_id", endpoint)
}

const ONE: &str = "GET /webhook-endpoints/{endpoint_id}";
const PATCH: &str = "PATCH /webhook-endpoints/{endpoint_id}";
const DELETE: &str = "DELETE /webhook-endpoints/{endpoint_id}";
const SECRET: &str = "POST /webhook-endpoints/{endpoint_id}/secret";
const TEST: &str = "POST /webhook-endpoints/{endpoint_id}/test";
const LOG: &str = "GET /webhook-endpoints/{endpoint_id}/deliveries";
const REDELIVER: &str = "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver";

#[tokio::test]
async fn a_secret_is_only_in_the_answer_that_created_it() {
    let world = World::default();
    let body = json!({"url": URL, "description": "the warehouse"});
    let reply = world.answer(creation("k", &body)).await.unwrap();
    let made = body_of(&reply);
    let id = made["id"].as_str().unwrap();
    assert_eq!(reply.status, 201);
    assert!(reply.headers.contains(&("location", format!("/webhook-endpoints/{id}"))));
    assert!(webhooks::StandardWebhooks::is_secret(made["secret"].as_str().unwrap()));
    assert_eq!((&made["event_types"], &made["enabled"]), (&json!(["*"]), &json!(true)));
    let answers = [
        world.answer(creation("k", &body)).await.unwrap(),
        world.answer(on(ONE, id)).await.unwrap(),
        world.answer(request("GET /webhook-endpoints").by_admin()).await.unwrap(),
        world.answer(on(PATCH, id).json(&json!({"description": ""}))).await.unwrap(),
    ];
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert!(!answer.body.contains("whsec_") && answer.body.contains("secrets"), "{}", answer.body);
    }
}

#[tokio::test]
async fn one_idempotency_key_creates_one_endpoint_and_refuses_another_request() {
    let world = World::default();
    let first = body_of(&world.answer(creation("k", &json!({"url": URL}))).await.unwrap());
    let again = world.answer(creation("k", &json!({"url": URL}))).await.unwrap();
    assert!(again.headers.contains(&("idempotency-replayed", "true".to_owned())));
    assert_eq!(body_of(&again)["id"], first["id"]);
    let other = world.answer(creation("k", &json!({"url": "https://other.example/"}))).await.unwrap_err();
    assert_eq!((other.status, other.kind), (422, "idempotency-key-reused"));
    let list = body_of(&world.answer(request("GET /webhook-endpoints").by_admin()).await.unwrap());
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_optional_field_is_absent() {
    let world = World::default();
    let empty = json!({"url": URL, "description": "", "event_types": "", "enabled": "", "secret": ""});
    let created = world.answer(creation("k", &empty)).await.unwrap();
    let repeat = world.answer(creation("k", &json!({"url": URL}))).await.unwrap();
    assert_eq!((created.status, repeat.status), (201, 200), "both requests have one digest");
    let id = body_of(&created)["id"].as_str().unwrap().to_owned();
    let change = json!({"url": "", "event_types": "", "enabled": ""});
    let changed = body_of(&world.answer(on(PATCH, &id).json(&change)).await.unwrap());
    assert_eq!((&changed["url"], &changed["event_types"]), (&json!(URL), &json!(["*"])));
    let rotation = on(SECRET, &id).json(&json!({"secret": "", "overlap_seconds": ""}));
    assert_eq!(world.answer(rotation).await.unwrap().status, 201);
}

#[tokio::test]
async fn an_invalid_field_is_refused_with_its_pointer() {
    let world = World::default();
    for (body, pointer) in [
        (json!({"url": "http://shop.example/"}), "/url"),
        (json!({"url": URL, "event_types": []}), "/event_types"),
        (json!({"url": URL, "event_types": ["order.paid", "order.nonsense"]}), "/event_types/1"),
        (json!({"url": URL, "event_types": ["order.paid", "order.paid"]}), "/event_types/1"),
        (json!({"url": URL, "event_types": ["webhook.test"]}), "/event_types/0"),
        (json!({"url": URL, "description": "x".repeat(201)}), "/description"),
        (json!({"url": URL, "secret": "whsec_short"}), "/secret"),
        (json!({"url": URL, "enabled": "yes"}), "/enabled"),
        (json!({"url": URL, "description": "a\u{ffff}"}), "/description"),
        (json!({"url": ""}), "/url"),
    ] {
        let problem = world.answer(creation("k", &body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
    assert_eq!(world.answer(creation("k", &json!({"url": URL, "more": 1}))).await.unwrap_err().status, 422);
    let (id, _) = world.register(URL).await;
    for (body, pointer) in [
        (json!({"url": "https://[::1]:0/"}), "/url"),
        (json!({"event_types": ["order.nonsense"]}), "/event_types/0"),
        (json!({"description": "a\u{0}b"}), "/description"),
        (json!([]), ""),
    ] {
        let problem = world.answer(on(PATCH, &id).json(&body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
    let rotation = on(SECRET, &id).header("idempotency-key", "r");
    for (body, pointer) in [
        (json!({"overlap_seconds": 604_801}), "/overlap_seconds"),
        (json!({"overlap_seconds": 1e30}), "/overlap_seconds"),
        (json!({"secret": "x"}), "/secret"),
    ] {
        let problem = world.answer(rotation.clone().json(&body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
}

#[tokio::test]
async fn a_host_with_a_private_address_is_refused_on_create_and_on_patch() {
    let addresses = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
    let names = BTreeMap::from([
        ("metadata.example", addresses(&["169.254.169.254"])),
        ("mixed.example", addresses(&["1.1.1.1", "10.0.0.1"])),
        ("six.example", addresses(&["fd00:ec2::254"])),
        ("mapped.example", addresses(&["::ffff:127.0.0.1"])),
        ("nowhere.example", vec![]),
    ]);
    let world = World { names: FixedNames(names).into(), ..World::default() };
    let (id, _) = world.register(URL).await;
    for url in [
        "https://metadata.example/",
        "https://mixed.example/",
        "https://six.example/",
        "https://mapped.example/",
        "https://nowhere.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://100.64.0.1/",
    ] {
        for request in [creation(url, &json!({"url": url})), on(PATCH, &id).json(&json!({"url": url}))] {
            let problem = world.answer(request).await.unwrap_err();
            assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/url"), "{url}");
        }
    }
    assert_eq!(world.endpoint(&id).await["url"], URL);
    let local = World { networks: Networks::Any, ..World::default() };
    assert_eq!(
        local.answer(creation("k", &json!({"url": "http://127.0.0.1:1/"}))).await.unwrap().status,
        201
    );
}

#[tokio::test]
async fn every_route_needs_the_admin_group() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    let routes = [
        "POST /webhook-endpoints",
        "GET /webhook-endpoints",
        ONE,
        PATCH,
        DELETE,
        SECRET,
        TEST,
        LOG,
        REDELIVER,
    ];
    for route in routes {
        let request = request(route).by(customer()).path("endpoint_id", &id).json(&json!({}));
        assert_eq!(world.answer(request).await.unwrap_err().status, 403, "{route}");
    }
}

#[tokio::test]
async fn an_admin_disables_and_enables_an_endpoint() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    for (enabled, because) in [(false, json!("admin")), (false, json!("admin")), (true, Value::Null)] {
        let seen = body_of(&world.answer(on(PATCH, &id).json(&json!({"enabled": enabled}))).await.unwrap());
        assert_eq!((&seen["enabled"], &seen["disabled_because"]), (&json!(enabled), &because));
    }
    let body = json!({"event_types": ["order.paid"], "url": "https://new.example/", "description": "new"});
    let seen = body_of(&world.answer(on(PATCH, &id).json(&body)).await.unwrap());
    for field in ["event_types", "url", "description"] {
        assert_eq!(seen[field], body[field]);
    }
}

#[tokio::test]
async fn a_deleted_endpoint_stays_deleted_and_deleting_it_again_succeeds() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    for _ in 0..2 {
        assert_eq!(world.answer(on(DELETE, &id)).await.unwrap().status, 204);
    }
    let key = on(SECRET, &id).header("idempotency-key", "k");
    for request in
        [on(ONE, &id), on(PATCH, &id).json(&json!({"enabled": true})), key.json(&json!({})), on(LOG, &id)]
    {
        assert_eq!(world.answer(request).await.unwrap_err().status, 404);
    }
    assert_eq!(world.answer(on(DELETE, "ep_unknown")).await.unwrap_err().status, 404);
    assert_eq!(
        world.answer(creation(URL, &json!({"url": URL}))).await.unwrap_err().status,
        409,
        "under its old key"
    );
}

#[tokio::test]
async fn a_secret_is_rotated_once_per_key_and_the_old_one_expires_after_the_overlap() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    let request = || {
        let body = json!({"secret": own_secret(), "overlap_seconds": 60});
        on(SECRET, &id).header("idempotency-key", "r").json(&body)
    };
    let made = world.answer(request()).await.unwrap();
    assert_eq!((made.status, &body_of(&made)["secret"]), (201, &json!(own_secret())));
    let again = world.answer(request()).await.unwrap();
    assert_eq!((again.status, again.body.contains("whsec_")), (200, false));
    let ends = |seen: &Value| {
        seen["secrets"].as_array().unwrap().iter().map(|s| s["expires_at"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ends(&world.endpoint(&id).await), [Value::Null, json!("2026-01-02T03:05:05Z")]);
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(ends(&world.endpoint(&id).await), [Value::Null]);
}

#[tokio::test]
async fn at_most_fifty_endpoints_exist() {
    let world = World::default();
    for n in 0..50 {
        world.register(&format!("https://shop{n}.example/")).await;
    }
    let problem = world.answer(creation("one more", &json!({"url": URL}))).await.unwrap_err();
    assert_eq!(problem.status, 409);
    let list = body_of(&world.answer(request("GET /webhook-endpoints").by_admin()).await.unwrap());
    world.answer(on(DELETE, list["items"][0]["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(world.answer(creation("one more", &json!({"url": URL}))).await.unwrap().status, 201);
}
