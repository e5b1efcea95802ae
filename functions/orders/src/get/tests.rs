//! Customers read their own orders, page by page; admins list the open ones.

use crate::testing::{World, page_request, shipped};
use events::ShippingEvent;
use serde_json::Value;
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, order_id, other_customer, request};

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["order_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_customer_reads_their_own_orders_only() {
    let world = World::default();
    world.place(1).await;
    let page = world.get(page_request(1).by(customer())).await.unwrap();
    assert_eq!(page["status"], "placed");
    assert_eq!(page["timeline"][0]["type"], "order_placed");
    assert_eq!(page["links"]["self"], format!("/orders/{}", order_id(1)));
    assert!(world.get(page_request(1).by_admin()).await.is_ok());
    for request in [
        page_request(1).by(other_customer()),
        page_request(2).by(customer()),
        page_request(1).path("order_id", "nonsense").by(customer()),
    ] {
        assert_eq!(world.get(request).await.unwrap_err().status, 404);
    }
}

#[tokio::test]
async fn a_list_is_newest_first_and_pages_to_its_end() {
    let world = World::default();
    for n in 1..=5 {
        world.place(n).await;
        world.wait(Duration::from_secs(1));
    }
    world.place_for(6, other_customer()).await;
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut list = request("GET /orders").by(customer()).query("limit", "2");
        if let Some(cursor) = &cursor {
            list = list.query("cursor", cursor);
        }
        let page = world.get(list).await.unwrap();
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    let expected: Vec<String> = (1..=5).rev().map(|n| order_id(n).to_string()).collect();
    assert_eq!(seen, expected);
    let foreign = request("GET /orders").by(other_customer()).query("cursor", &cursor.unwrap());
    assert_eq!(world.get(foreign).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn admins_list_open_orders() {
    let world = World::default();
    for n in 1..=3 {
        world.place(n).await;
    }
    world.deliver_to::<ShippingEvent>(2, shipped()).await;
    let open = || request("GET /orders").query("open", "true");
    let list = world.get(open().by_admin()).await.unwrap();
    assert_eq!(ids(&list), [order_id(1).as_str(), order_id(3).as_str()]);
    let first = world.get(open().by_admin().query("limit", "1")).await.unwrap();
    let rest = world.get(open().by_admin().query("cursor", first["next"].as_str().unwrap())).await.unwrap();
    assert_eq!((ids(&first).len(), ids(&rest).len()), (1, 1));
    assert_eq!(world.get(open().by(customer())).await.unwrap_err().status, 403);
}

#[tokio::test]
async fn the_events_of_an_order_are_its_envelopes() {
    let world = World::default();
    world.place(1).await;
    let events = request("GET /orders/{order_id}/events").path("order_id", order_id(1).as_str());
    let list = world.get(events.by(customer())).await.unwrap();
    assert_eq!(list["events"][0]["type"], "OrderPlaced");
    assert_eq!(list["events"][0]["id"], format!("orders/{}/1", order_id(1)));
}
