//! The list of webhooks: its order, pages, filters and cursor.

use crate::testing::{World, applied, ignored};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use testkit::{RequestBuilder as _, request};

#[tokio::test]
async fn the_list_shows_all_sources_newest_first_with_their_status() {
    let world = World::with_webhooks().await;
    let list = world.webhooks(&[]).await;
    assert_eq!(list["next"], Value::Null);
    let shown: Vec<(&str, &str)> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str().unwrap(), item["status"].as_str().unwrap()))
        .collect();
    let expected = [
        ("stripe:evt_6", "failed"),
        ("stripe:evt_5", "parked"),
        ("easypost:evt_4", "received"),
        ("stripe:evt_3", "ignored"),
        ("easypost:evt_2", "already_known"),
        ("stripe:evt_1", "applied"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(list["items"][0]["reason"], "the amount is another");
    assert_eq!(list["items"][1]["waits_under"], "intent#pi_1");
    assert_eq!(list["items"][5]["led_to"], json!(["payments/x/2"]));
    assert_eq!(list["items"][5]["type"], "payment_intent.succeeded");
}

#[tokio::test]
async fn pages_of_any_size_give_the_same_list() {
    let world = World::with_webhooks().await;
    let whole = world.webhook_ids(&[]).await;
    assert_eq!(whole.len(), 6);
    for limit in ["1", "2", "3", "4", "5", "6", "7"] {
        assert_eq!(world.webhook_ids(&[("limit", limit)]).await, whole, "{limit}");
    }
}

#[tokio::test]
async fn the_list_filters_by_status_type_and_source() {
    let world = World::with_webhooks().await;
    for (query, expected) in [
        (vec![("status", "applied")], vec!["stripe:evt_1"]),
        (vec![("status", "received")], vec!["easypost:evt_4"]),
        (vec![("status", "already_known")], vec!["easypost:evt_2"]),
        (vec![("type", "customer.created")], vec!["stripe:evt_3"]),
        (vec![("source", "easypost")], vec!["easypost:evt_4", "easypost:evt_2"]),
        (vec![("source", "stripe"), ("status", "failed")], vec!["stripe:evt_6"]),
        (vec![("source", "easypost"), ("status", "failed")], vec![]),
    ] {
        for limit in ["1", "20"] {
            let query: Vec<_> = query.iter().copied().chain([("limit", limit)]).collect();
            assert_eq!(world.webhook_ids(&query).await, expected, "{query:?}");
        }
    }
}

#[tokio::test]
async fn a_parked_webhook_moves_to_applied_once_it_is_applied() {
    let world = World::with_webhooks().await;
    world.conclude("stripe", "evt_5", applied()).await;
    assert_eq!(world.webhook_ids(&[("status", "parked")]).await, Vec::<String>::new());
    assert_eq!(world.webhook_ids(&[("status", "applied")]).await, ["stripe:evt_5", "stripe:evt_1"]);
}

/// A search for what is rare reads a bounded part of the index for one request, and its cursor goes on.
#[tokio::test]
async fn a_request_reads_a_bounded_number_of_pages_and_its_cursor_continues() {
    let world = World::new();
    world.receive("stripe", "evt_rare", "radar.early", Some(ignored())).await;
    for n in 0..40 {
        world.receive("stripe", &format!("evt_{n}"), "customer.created", Some(ignored())).await;
    }
    let query = [("type", "radar.early"), ("limit", "2")];
    let first = world.webhooks(&query).await;
    assert_eq!(first["items"], json!([]));
    assert!(first["next"].is_string());
    assert!(world.pages_read.load(Ordering::Relaxed) <= 10);
    assert_eq!(world.webhook_ids(&query).await, ["stripe:evt_rare"]);
}

#[tokio::test]
async fn an_invalid_filter_or_cursor_is_refused() {
    let world = World::with_webhooks().await;
    let cursor = world.webhooks(&[("limit", "1")]).await["next"].as_str().unwrap().to_owned();
    for query in [
        vec![("status", "lost")],
        vec![("type", "a#b")],
        vec![("source", "github")],
        vec![("limit", "0")],
        vec![("limit", "101")],
        vec![("cursor", "nonsense")],
        vec![("cursor", cursor.as_str()), ("status", "applied")],
    ] {
        let ask = query
            .iter()
            .fold(request("GET /webhooks/inbox").by_admin(), |ask, (name, value)| ask.query(name, value));
        assert_eq!(world.ask_inbox(ask).await.unwrap_err().status, 400, "{query:?}");
    }
}
