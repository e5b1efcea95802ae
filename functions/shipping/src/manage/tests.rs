//! The warehouse's API: statuses, repeats and refusals.

mod codes;
mod corrections;
mod voiding;

use crate::Stage;
use crate::testing::World;
use events::{OrderId, Provider};
use runtime::http::{Endpoint as _, Problem, Reply};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, order_id, request};

async fn get(world: &World, order: &str) -> Result<Reply, Problem> {
    world.manage().answer(request("GET /shipments/{order_id}").by_admin().path("order_id", order)).await
}

async fn post(world: &World, order: &OrderId, verb: &str, body: Value) -> Result<Reply, Problem> {
    let route = format!("POST /shipments/{{order_id}}/{verb}");
    world.manage().answer(request(&route).by_admin().path("order_id", order.as_str()).json(&body)).await
}

async fn status(world: &World, order: &OrderId, verb: &str, body: Value) -> u16 {
    post(world, order, verb, body).await.map_or_else(|problem| problem.status, |reply| reply.status)
}

fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn typed_code() -> Value {
    json!({"carrier": "Post", "tracking_code": "99-1"})
}

async fn begun(provider: Provider) -> (World, OrderId) {
    let (world, order) = (World::with(provider), order_id(1));
    world.begin(&order).await;
    (world, order)
}

#[tokio::test]
async fn only_the_admin_group_is_served() {
    let (world, order) = begun(Provider::Warehouse).await;
    for route in [
        "GET /shipments",
        "GET /shipments/{order_id}",
        "POST /shipments/{order_id}/dispatch",
        "POST /shipments/{order_id}/void",
    ] {
        let sent = request(route).path("order_id", order.as_str()).query("open", "true").json(&typed_code());
        assert_eq!(world.manage().answer(sent.clone()).await.unwrap_err().status, 401, "{route}");
        assert_eq!(world.manage().answer(sent.by(customer())).await.unwrap_err().status, 403, "{route}");
    }
    assert_eq!(world.shipment(&order).await.stage, Stage::Requested);
}

#[tokio::test]
async fn a_page_shows_what_to_pack_and_its_address() {
    let (world, order) = begun(Provider::Easypost).await;
    let page = body(&get(&world, order.as_str()).await.unwrap());
    assert_eq!((&page["state"], &page["provider"]), (&json!("labelled"), &json!("easypost")));
    assert_eq!((&page["order_id"], &page["number"]), (&json!(order.as_str()), &json!("0000-0000-000")));
    assert_eq!(page["lines"][0], json!({"sku": "TEA-01", "quantity": 2, "weight_grams": 120}));
    assert_eq!((&page["address"]["city"], &page["phone"]), (&json!("Bern"), &json!("+41790000000")));
    assert_eq!(page["label"]["carrier"], "USPS");
    assert_eq!(page["label"]["state"], "held");
    assert!(page["label"]["url"].as_str().unwrap().starts_with("https://"));
    assert_eq!(page["parcel"], Value::Null);

    for unknown in [order_id(7).as_str(), "nonsense"] {
        assert_eq!(get(&world, unknown).await.unwrap_err().status, 404);
    }
}

#[tokio::test]
async fn a_parcel_is_dispatched_delivered_and_returned() {
    let (world, order) = begun(Provider::Warehouse).await;
    for (verb, command, expected) in [
        ("dispatch", typed_code(), "shipped"),
        ("deliver", json!({}), "delivered"),
        ("return", json!({"restock": true}), "returned"),
    ] {
        let reply = post(&world, &order, verb, command.clone()).await.unwrap();
        assert_eq!((reply.status, body(&reply)["state"].as_str()), (202, Some(expected)));
        assert_eq!(status(&world, &order, verb, command).await, 200, "an identical repeat of {verb}");
    }
    assert_eq!(
        world.event_types(&order).await,
        ["ShipmentRequested", "Shipped", "Delivered", "ReturnReceived"]
    );
    assert_eq!(status(&world, &order, "return", json!({"restock": false})).await, 409);
    assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 200, "a repeat of the dispatch");
    assert_eq!(
        status(&world, &order, "dispatch", json!({"carrier": "Post", "tracking_code": "1"})).await,
        409
    );
    let page = body(&get(&world, order.as_str()).await.unwrap());
    assert_eq!(
        (&page["parcel"]["carrier"], &page["parcel"]["tracking_code"]),
        (&json!("Post"), &json!("99-1"))
    );
}

#[tokio::test]
async fn a_command_without_fields_needs_no_body() {
    let (world, order) = begun(Provider::Warehouse).await;
    assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 202);
    let bare = request("POST /shipments/{order_id}/deliver").by_admin().path("order_id", order.as_str());
    assert_eq!(world.manage().answer(bare).await.unwrap().status, 202);
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "Shipped", "Delivered"]);
}

#[tokio::test]
async fn a_command_in_the_wrong_status_is_a_conflict_that_names_it() {
    let (world, order) = begun(Provider::Warehouse).await;
    for verb in ["deliver", "return"] {
        let command = if verb == "return" { json!({"restock": true}) } else { json!({}) };
        let problem = post(&world, &order, verb, command).await.unwrap_err();
        assert_eq!((problem.status, problem.detail.as_str()), (409, "the shipment is requested"));
    }
    assert_eq!(status(&world, &order, "fail", json!({"reason": "broken"})).await, 202);
    assert_eq!(status(&world, &order, "fail", json!({"reason": "broken"})).await, 200);
    assert_eq!(status(&world, &order, "fail", json!({"reason": "stolen"})).await, 409);
    let problem = post(&world, &order, "dispatch", typed_code()).await.unwrap_err();
    assert_eq!((problem.status, problem.detail.as_str()), (409, "the shipment is failed"));
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "ShippingFailed"]);
    assert_eq!(body(&get(&world, order.as_str()).await.unwrap())["reason"], "broken");

    let problem = post(&world, &order_id(2), "dispatch", typed_code()).await.unwrap_err();
    assert_eq!((problem.status, problem.detail.as_str()), (409, "this order has no shipment yet"));
    let mapped = world.memory.all_documents().into_iter().any(|(key, _)| key.pk.starts_with("tracking#"));
    assert!(!mapped, "a refused dispatch maps no code");
}

#[tokio::test]
async fn a_dispatch_after_the_customers_cancellation_is_refused() {
    let (world, order) = begun(Provider::Warehouse).await;
    world.consume(&order, crate::testing::cancel()).await.unwrap();
    let problem = post(&world, &order, "dispatch", typed_code()).await.unwrap_err();
    assert_eq!((problem.status, problem.detail.as_str()), (409, "the shipment is cancelled"));
}

#[tokio::test]
async fn the_code_of_a_bought_label_takes_precedence() {
    let (world, order) = begun(Provider::Easypost).await;
    let code = world.shipment(&order).await.label.unwrap().parcel.tracking_code;
    for expected in [202, 200] {
        assert_eq!(status(&world, &order, "dispatch", typed_code()).await, expected);
    }
    let Stage::Left { parcel, .. } = world.shipment(&order).await.stage else { panic!() };
    assert_eq!(parcel.tracking_code, code);
    assert_eq!(status(&world, &order, "dispatch", json!({})).await, 200);
    assert_eq!(world.carrier.labels_without_refund(), 1);
}

#[tokio::test]
async fn an_invalid_body_is_refused_with_its_field() {
    let (world, order) = begun(Provider::Warehouse).await;
    for (verb, command, pointer) in [
        ("dispatch", json!({}), "/carrier"),
        ("dispatch", json!({"carrier": "Post"}), "/tracking_code"),
        ("dispatch", json!({"tracking_code": "1"}), "/carrier"),
        ("dispatch", json!({"carrier": "--", "tracking_code": "1"}), "/carrier"),
        ("dispatch", json!({"carrier": "Post", "tracking_code": "1\t2"}), "/tracking_code"),
        ("dispatch", json!({"carrier": "Post", "tracking_code": "- -"}), "/tracking_code"),
        ("dispatch", json!({"carrier": "P".repeat(3000), "tracking_code": "1"}), "/carrier"),
        ("dispatch", json!({"carrier": "Post", "tracking_code": "1#2"}), "/tracking_code"),
        ("dispatch", json!({"carrier": "Post", "tracking_code": "1".repeat(65)}), "/tracking_code"),
        ("dispatch", json!({"carrier": "", "tracking_code": ""}), "/carrier"),
        ("dispatch", json!({"carrier": "Post", "tracking_code": ""}), "/tracking_code"),
        ("dispatch", json!({"carrier": "Post\u{ffff}", "tracking_code": "1"}), "/carrier"),
        ("fail", json!({"reason": " "}), "/reason"),
        ("fail", json!({"reason": "burnt\u{fffe}"}), "/reason"),
        ("fail", json!({"reason": "x".repeat(201)}), "/reason"),
        ("return", json!({"restock": "yes"}), "/restock"),
    ] {
        let problem = post(&world, &order, verb, command.clone()).await.unwrap_err();
        assert_eq!(problem.status, 422, "{verb} {command}");
        assert_eq!(problem.errors[0].pointer, pointer, "{verb} {command}");
    }
    assert_eq!(status(&world, &order, "deliver", json!({"extra": 1})).await, 422);
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested"]);
}

#[tokio::test]
async fn open_shipments_are_listed_oldest_first_in_pages() {
    let world = World::with(Provider::Warehouse);
    for n in [9, 3, 7, 1] {
        world.begin(&order_id(n)).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let list = |limit: &str, cursor: Option<String>| {
        let list = request("GET /shipments").by_admin().query("open", "true").query("limit", limit);
        cursor.into_iter().fold(list, |list, cursor| list.query("cursor", &cursor))
    };
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = body(&world.manage().answer(list("3", cursor)).await.unwrap());
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["order_id"].clone()));
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [9, 3, 7, 1].map(|n| json!(order_id(n).as_str())));

    // The stream decides, even before the message of the hand-over removes the entry.
    assert_eq!(status(&world, &order_id(3), "dispatch", typed_code()).await, 202);
    for listed in [4, 3] {
        assert_eq!(world.listed().await.len(), listed);
        let page = body(&world.manage().answer(list("100", None)).await.unwrap());
        assert_eq!(page["items"].as_array().unwrap().len(), 3);
        assert!(page["items"][0].get("address").is_none(), "a list holds no personal data");
        world.run().await;
    }
}

#[tokio::test]
async fn an_invalid_list_request_is_refused() {
    let (world, _) = begun(Provider::Warehouse).await;
    let list = || request("GET /shipments").by_admin();
    let open = || list().query("open", "true");
    for invalid in [
        list(),
        list().query("open", "false"),
        open().query("limit", "0"),
        open().query("limit", "101"),
        open().query("cursor", "x"),
        open().query("carrier", ""),
        open().query("cursor", "1-x"),
    ] {
        assert_eq!(world.manage().answer(invalid).await.unwrap_err().status, 400);
    }
    let other = request("DELETE /shipments/{order_id}").by_admin();
    assert_eq!(world.manage().answer(other).await.unwrap_err().status, 404);
}
