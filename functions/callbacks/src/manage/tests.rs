//! The admin's side, through its one door.

mod asking;

use super::*;
use crate::testing::{Scene, URL, body_of, own_secret};
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
async fn the_secret_is_in_the_answer_that_made_it_and_in_no_other() {
    let scene = Scene::default();
    let body = json!({"url": URL, "description": "the warehouse"});
    let reply = scene.ask(creation("k", &body)).await.unwrap();
    let made = body_of(&reply);
    let id = made["id"].as_str().unwrap();
    assert_eq!(reply.status, 201);
    assert!(reply.headers.contains(&("location", format!("/webhook-endpoints/{id}"))));
    assert!(webhooks::StandardWebhooks::is_secret(made["secret"].as_str().unwrap()));
    assert_eq!((&made["event_types"], &made["enabled"]), (&json!(["*"]), &json!(true)));
    let answers = [
        scene.ask(creation("k", &body)).await.unwrap(),
        scene.ask(on(ONE, id)).await.unwrap(),
        scene.ask(request("GET /webhook-endpoints").by_admin()).await.unwrap(),
        scene.ask(on(PATCH, id).json(&json!({"description": ""}))).await.unwrap(),
    ];
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert!(!answer.body.contains("whsec_") && answer.body.contains("secrets"), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_same_key_makes_one_endpoint_and_another_request_under_it_is_refused() {
    let scene = Scene::default();
    let first = body_of(&scene.ask(creation("k", &json!({"url": URL}))).await.unwrap());
    let again = scene.ask(creation("k", &json!({"url": URL}))).await.unwrap();
    assert!(again.headers.contains(&("idempotency-replayed", "true".to_owned())));
    assert_eq!(body_of(&again)["id"], first["id"]);
    let other = scene.ask(creation("k", &json!({"url": "https://other.example/"}))).await.unwrap_err();
    assert_eq!((other.status, other.kind), (422, "idempotency-key-reused"));
    let list = body_of(&scene.ask(request("GET /webhook-endpoints").by_admin()).await.unwrap());
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_sound_is_refused_at_its_field() {
    let scene = Scene::default();
    for (body, pointer) in [
        (json!({"url": "http://shop.example/"}), "/url"),
        (json!({"url": URL, "event_types": []}), "/event_types"),
        (json!({"url": URL, "event_types": ["order.paid", "order.nonsense"]}), "/event_types/1"),
        (json!({"url": URL, "event_types": ["order.paid", "order.paid"]}), "/event_types/1"),
        (json!({"url": URL, "event_types": ["webhook.test"]}), "/event_types/0"),
        (json!({"url": URL, "description": "x".repeat(201)}), "/description"),
        (json!({"url": URL, "secret": "whsec_short"}), "/secret"),
        (json!({"url": URL, "enabled": "yes"}), "/enabled"),
    ] {
        let problem = scene.ask(creation("k", &body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
    assert_eq!(scene.ask(creation("k", &json!({"url": URL, "more": 1}))).await.unwrap_err().status, 422);
    let (id, _) = scene.register(URL).await;
    for (body, pointer) in [
        (json!({"url": "https://[::1]:0/"}), "/url"),
        (json!({"event_types": ["order.nonsense"]}), "/event_types/0"),
        (json!({"description": "a\u{0}b"}), "/description"),
        (json!([]), ""),
    ] {
        let problem = scene.ask(on(PATCH, &id).json(&body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
    let rotation = on(SECRET, &id).header("idempotency-key", "r");
    for (body, pointer) in
        [(json!({"overlap_seconds": 604_801}), "/overlap_seconds"), (json!({"secret": "x"}), "/secret")]
    {
        let problem = scene.ask(rotation.clone().json(&body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
}

#[tokio::test]
async fn a_host_that_leads_to_a_private_address_is_refused_when_it_is_registered_and_when_it_is_changed() {
    let addresses = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
    let names = BTreeMap::from([
        ("metadata.example", addresses(&["169.254.169.254"])),
        ("mixed.example", addresses(&["1.1.1.1", "10.0.0.1"])),
        ("six.example", addresses(&["fd00:ec2::254"])),
        ("mapped.example", addresses(&["::ffff:127.0.0.1"])),
        ("nowhere.example", vec![]),
    ]);
    let scene = Scene { names: FixedNames(names).into(), ..Scene::default() };
    let (id, _) = scene.register(URL).await;
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
        for asked in [creation(url, &json!({"url": url})), on(PATCH, &id).json(&json!({"url": url}))] {
            let problem = scene.ask(asked).await.unwrap_err();
            assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/url"), "{url}");
        }
    }
    assert_eq!(scene.endpoint(&id).await["url"], URL);
    let local = Scene { networks: Networks::Any, ..Scene::default() };
    assert_eq!(local.ask(creation("k", &json!({"url": "http://127.0.0.1:1/"}))).await.unwrap().status, 201);
}

#[tokio::test]
async fn only_the_admin_group_may_do_any_of_it() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
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
        let asked = request(route).by(customer()).path("endpoint_id", &id).json(&json!({}));
        assert_eq!(scene.ask(asked).await.unwrap_err().status, 403, "{route}");
    }
}

#[tokio::test]
async fn an_endpoint_is_disabled_by_hand_and_enabled_again() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
    for (enabled, because) in [(false, json!("admin")), (false, json!("admin")), (true, Value::Null)] {
        let seen = body_of(&scene.ask(on(PATCH, &id).json(&json!({"enabled": enabled}))).await.unwrap());
        assert_eq!((&seen["enabled"], &seen["disabled_because"]), (&json!(enabled), &because));
    }
    let body = json!({"event_types": ["order.paid"], "url": "https://new.example/", "description": "new"});
    let seen = body_of(&scene.ask(on(PATCH, &id).json(&body)).await.unwrap());
    for field in ["event_types", "url", "description"] {
        assert_eq!(seen[field], body[field]);
    }
}

#[tokio::test]
async fn an_endpoint_that_was_deleted_is_gone_for_good_and_deleting_it_again_is_fine() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
    for _ in 0..2 {
        assert_eq!(scene.ask(on(DELETE, &id)).await.unwrap().status, 204);
    }
    let key = on(SECRET, &id).header("idempotency-key", "k");
    for asked in
        [on(ONE, &id), on(PATCH, &id).json(&json!({"enabled": true})), key.json(&json!({})), on(LOG, &id)]
    {
        assert_eq!(scene.ask(asked).await.unwrap_err().status, 404);
    }
    assert_eq!(scene.ask(on(DELETE, "ep_unknown")).await.unwrap_err().status, 404);
    assert_eq!(
        scene.ask(creation(URL, &json!({"url": URL}))).await.unwrap_err().status,
        409,
        "under its old key"
    );
}

#[tokio::test]
async fn a_secret_is_rotated_once_for_its_key_and_the_old_one_ends_when_it_is_said() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
    let asked = || {
        let body = json!({"secret": own_secret(), "overlap_seconds": 60});
        on(SECRET, &id).header("idempotency-key", "r").json(&body)
    };
    let made = scene.ask(asked()).await.unwrap();
    assert_eq!((made.status, &body_of(&made)["secret"]), (201, &json!(own_secret())));
    let again = scene.ask(asked()).await.unwrap();
    assert_eq!((again.status, again.body.contains("whsec_")), (200, false));
    let ends = |seen: &Value| {
        seen["secrets"].as_array().unwrap().iter().map(|s| s["expires_at"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ends(&scene.endpoint(&id).await), [Value::Null, json!("2026-01-02T03:05:05Z")]);
    scene.clock.advance(Duration::from_mins(1));
    assert_eq!(ends(&scene.endpoint(&id).await), [Value::Null]);
}

#[tokio::test]
async fn no_more_than_fifty_endpoints_are_made() {
    let scene = Scene::default();
    for n in 0..50 {
        scene.register(&format!("https://shop{n}.example/")).await;
    }
    let problem = scene.ask(creation("one more", &json!({"url": URL}))).await.unwrap_err();
    assert_eq!(problem.status, 409);
    let list = body_of(&scene.ask(request("GET /webhook-endpoints").by_admin()).await.unwrap());
    scene.ask(on(DELETE, list["items"][0]["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(scene.ask(creation("one more", &json!({"url": URL}))).await.unwrap().status, 201);
}

#[tokio::test]
async fn a_test_event_goes_to_this_endpoint_once_whatever_it_wants() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
    scene.register("https://other.example/").await;
    scene.ask(on(PATCH, &id).json(&json!({"event_types": ["order.paid"]}))).await.unwrap();
    let asked = || on(TEST, &id).header("idempotency-key", "t").json(&json!({}));
    let first = body_of(&scene.ask(asked()).await.unwrap());
    let again = scene.ask(asked()).await.unwrap();
    assert!(again.headers.contains(&("idempotency-replayed", "true".to_owned())));
    assert_eq!((again.status, &body_of(&again)["id"]), (202, &first["id"]));
    scene.drain(Duration::ZERO).await;
    let calls = scene.receivers.calls();
    assert_eq!((calls.len(), calls[0].url.as_str()), (1, URL));
    let body: Value = serde_json::from_slice(&calls[0].body).unwrap();
    assert_eq!((&body["type"], &body["data"]["endpoint_id"]), (&json!("webhook.test"), &json!(id)));
    scene.ask(on(PATCH, &id).json(&json!({"enabled": false}))).await.unwrap();
    assert_eq!(scene.ask(asked()).await.unwrap_err().status, 409);
}

#[tokio::test]
async fn the_log_is_read_newest_first_in_pages_and_by_status() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
    let (other, _) = scene.register("https://other.example/").await;
    for order in 0..5 {
        scene.receivers.answer_next(URL, Ok(testkit::answer(if order % 2 == 0 { 200 } else { 500 }, &[])));
        scene.paid(order).await;
        scene.drain(Duration::ZERO).await;
        scene.clock.advance(Duration::from_secs(1));
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let asked = on(LOG, &id).query("limit", "2");
        let asked = cursor.iter().fold(asked, |asked, cursor| asked.query("cursor", cursor));
        let page = body_of(&scene.ask(asked).await.unwrap());
        seen.extend(page["items"].as_array().unwrap().clone());
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
        let foreign = on(LOG, &other).query("cursor", cursor.as_ref().unwrap());
        assert_eq!(scene.ask(foreign).await.unwrap_err().status, 400);
    }
    let moments: Vec<_> = seen.iter().map(|one| one["created_at"].as_str().unwrap().to_owned()).collect();
    let mut newest_first = moments.clone();
    newest_first.sort_by(|one, other| other.cmp(one));
    assert_eq!((moments.len(), &moments), (5, &newest_first));
    for (status, count) in [("delivered", 3), ("pending", 2), ("exhausted", 0), ("ended", 0)] {
        let page = body_of(&scene.ask(on(LOG, &id).query("status", status)).await.unwrap());
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{status}");
    }
    for (name, wrong) in [("status", "lost"), ("limit", "0"), ("cursor", "x"), ("cursor", "e30")] {
        assert_eq!(
            scene.ask(on(LOG, &id).query(name, wrong)).await.unwrap_err().status,
            400,
            "{name}={wrong}"
        );
    }
}

#[tokio::test]
async fn a_redelivery_keeps_the_id_and_hurries_what_waits() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
    scene.receivers.answer_next(URL, Ok(testkit::answer(500, &[])));
    scene.paid(1).await;
    scene.drain(Duration::ZERO).await;
    let delivery = scene.log(&id).await[0]["id"].as_str().unwrap().to_owned();
    let asked = || on(REDELIVER, &id).path("delivery_id", &delivery).json(&json!({}));
    for round in 1..=2 {
        assert_eq!(scene.ask(asked()).await.unwrap().status, 202);
        scene.drain(Duration::ZERO).await;
        let log = scene.log(&id).await;
        assert_eq!((&log[0]["status"], &log[0]["attempted"]), (&json!("delivered"), &json!(round + 1)));
    }
    let unknown = on(REDELIVER, &id).path("delivery_id", "msg_unknown").json(&json!({}));
    assert_eq!(scene.ask(unknown).await.unwrap_err().status, 404);
    scene.ask(on(PATCH, &id).json(&json!({"enabled": false}))).await.unwrap();
    assert_eq!(scene.ask(asked()).await.unwrap_err().status, 409);
}
