//! One key places one order, and every repeat gets the same answer.

use crate::testing::{World, body, header, place_request, tea};
use runtime::http::Endpoint as _;
use serde_json::json;
use testkit::{RequestBuilder as _, customer, other_customer, request};

/// Orders are stored under the id: after any change of the code, an old key must still name the same order.
#[tokio::test]
async fn an_order_id_never_changes() {
    let world = World::with_tea().await;
    let reply = world.send("k1", &tea()).await.unwrap();
    assert_eq!(header(&reply, "location"), Some("/orders/c68325f538314c15a96ad1aace0f219b"));
}

/// Every stream contains the digest: after any change of the code, an old request must still be known as a repeat.
#[tokio::test]
async fn a_request_digest_never_changes() {
    let world = World::with_tea().await;
    let mut full = tea();
    full["shipping_address"]["line2"] = json!("c/o B. Person");
    let mut expecting = tea();
    expecting["expected_total"] = json!(1900);
    for (key, body, digest) in [
        ("k3", expecting, "W-ogDqROvtEWjqMX5xk8SNaLlWyZT1Z9p9jlDunoVwE"),
        ("k1", tea(), "_yNQ6-cJofLZIGB4n_qfTMuFCMc5mM2-PK9Uw-xjqbE"),
        ("k2", full, "RdamFVVY5ZgCyYJhmvt_SpyOvVY99Rd-9Tk7Q95kyz8"),
    ] {
        world.send(key, &body).await.unwrap();
        let event = world.table.all_events().pop().unwrap();
        assert_eq!(event.data["request_digest"], digest);
    }
}

/// Forms send `""` for an empty field. So a repeat may write an absent field as `""`, as `null` or not at all.
#[tokio::test]
async fn an_empty_optional_field_is_absent_also_in_the_digest() {
    let world = World::with_tea().await;
    let mut absent = tea();
    absent["contact"].as_object_mut().unwrap().remove("phone");
    for name in ["line2", "postal_code", "region"] {
        absent["shipping_address"].as_object_mut().unwrap().remove(name);
    }
    world.send("k1", &absent).await.unwrap();
    for empty in [json!(""), json!(null)] {
        let mut body = absent.clone();
        body["contact"]["phone"] = empty.clone();
        for name in ["line2", "postal_code", "region"] {
            body["shipping_address"][name] = empty.clone();
        }
        let repeat = world.send("k1", &body).await.unwrap();
        assert_eq!(header(&repeat, "idempotency-replayed"), Some("true"));
        world.send(&format!("other {empty}"), &body).await.unwrap();
    }
    let digest = |event: &events::Envelope| event.data["request_digest"].as_str().unwrap().to_owned();
    let digests: Vec<String> = world.table.all_events().iter().map(digest).collect();
    // As the first release of this digest stored it.
    assert_eq!(digests, ["nnI6QysVWHtAu4IDHWKH6P5DTOox1DSdSQ4KalkHZdo"; 3]);
    let event = world.table.all_events().pop().unwrap();
    assert_eq!(event.data["contact"].get("phone"), None);
}

#[tokio::test]
async fn a_repeat_gets_the_same_answer_after_prices_change() {
    let world = World::with_tea().await;
    let first = world.send("k1", &tea()).await.unwrap();
    world.price("TEA-01", 1200, true, 2).await;
    let repriced = world.send("k1", &tea()).await.unwrap();
    world.price("TEA-01", 1200, false, 3).await;
    let withdrawn = world.send("k1", &tea()).await.unwrap();
    for repeat in [repriced, withdrawn] {
        assert_eq!(repeat.status, 202);
        assert_eq!(repeat.body, first.body);
        assert_eq!(header(&repeat, "idempotency-replayed"), Some("true"));
    }
    assert_eq!(world.events(), 1);
}

#[tokio::test]
async fn a_repeat_gets_the_same_answer_although_its_expected_total_is_no_longer_the_total() {
    let world = World::with_tea().await;
    let mut order = tea();
    order["expected_total"] = json!(1900);
    let first = world.send("k1", &order).await.unwrap();
    world.price("TEA-01", 1200, true, 2).await;
    assert_eq!(world.send("k1", &order).await.unwrap().body, first.body);
    assert_eq!(world.send("k2", &order).await.unwrap_err().kind, "total-changed");
    assert_eq!(world.events(), 1);
}

#[tokio::test]
async fn white_space_and_field_order_do_not_change_a_request() {
    let world = World::with_tea().await;
    world.send("k1", &tea()).await.unwrap();
    let mut again = place_request("k1", &tea());
    let fields: Vec<String> = tea()
        .as_object()
        .unwrap()
        .iter()
        .rev()
        .map(|(name, value)| format!("\"{name}\" : {value}"))
        .collect();
    again.body = format!("{{ {} }}", fields.join(" , ")).into_bytes();
    assert_eq!(header(&world.place.answer(again).await.unwrap(), "idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn another_request_under_a_used_key_is_refused() {
    let world = World::with_tea().await;
    world.send("k1", &tea()).await.unwrap();
    let mut other = tea();
    other["items"][0]["quantity"] = json!(3);
    assert_eq!(world.send("k1", &other).await.unwrap_err().kind, "idempotency-key-reused");
    other["items"][0]["sku"] = json!("NOT-SOLD");
    assert_eq!(world.send("k1", &other).await.unwrap_err().kind, "idempotency-key-reused");
    assert_eq!(world.events(), 1);
}

#[tokio::test]
async fn two_customers_may_use_the_same_key() {
    let world = World::with_tea().await;
    let mine = world.send("k1", &tea()).await.unwrap();
    let theirs = world.place.answer(place_request("k1", &tea()).by(other_customer())).await.unwrap();
    assert_ne!(body(&mine)["order_id"], body(&theirs)["order_id"]);
}

#[tokio::test]
async fn a_hundred_concurrent_repeats_place_one_order() {
    let world = World::with_tea().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let place = world.place.clone();
        tasks.spawn(async move { place.answer(place_request("k1", &tea())).await });
    }
    let answers = tasks.join_all().await;
    let replayed =
        answers.iter().filter(|answer| header(answer.as_ref().unwrap(), "idempotency-replayed").is_some());
    assert_eq!(replayed.count(), 99);
    assert_eq!(world.events(), 1);
}

#[tokio::test]
async fn an_idempotency_key_is_required() {
    let world = World::with_tea().await;
    let without = request("POST /orders").by(customer()).json(&tea());
    assert_eq!(world.place.answer(without).await.unwrap_err().status, 400);
    for key in ["", "é", &"x".repeat(256)] {
        let problem = world.send(key, &tea()).await.unwrap_err();
        assert_eq!((problem.status, problem.kind), (400, "idempotency-key-invalid"), "{key}");
    }
    assert!(world.send(&"x".repeat(255), &tea()).await.is_ok());
}
