//! Through the endpoint's door, with a provider that keeps count.

use crate::testing::{World, out_of_stock, shipment_cancelled};
use runtime::http::Request;
use serde_json::{Value, json};
use testkit::{Fault, RequestBuilder as _, customer, order_id, request};

const GIVE: &str = "POST /orders/{order_id}/refunds";
const RETRY: &str = "POST /orders/{order_id}/refunds/{refund_id}/retry";

fn wish(key: &str, amount: u64) -> Request {
    let body = json!({"amount": amount, "reason": "it came late"});
    request(GIVE).by_admin().path("order_id", order_id(1).as_str()).header("idempotency-key", key).json(&body)
}

fn once_more(refund_id: &str) -> Request {
    request(RETRY).by_admin().path("order_id", order_id(1).as_str()).path("refund_id", refund_id)
}

/// The body of a 202, and whether it is a repeat.
async fn granted(world: &World, request: Request) -> (Value, bool) {
    let reply = world.ask_back(request).await.unwrap();
    assert_eq!(reply.status, 202);
    let is_repeat = reply.headers.iter().any(|(name, _)| *name == "idempotency-replayed");
    (serde_json::from_str(&reply.body).unwrap(), is_repeat)
}

async fn refused(world: &World, request: Request) -> (u16, String) {
    let problem = world.ask_back(request).await.unwrap_err();
    (problem.status, problem.detail)
}

#[tokio::test]
async fn a_part_goes_back_once_however_often_it_is_asked_for() {
    let world = World::after_checkout("pm_card_visa").await;
    let (first, is_repeat) = granted(&world, wish("late-1", 500)).await;
    assert!(!is_repeat);
    assert_eq!(
        (&first["amount"], &first["currency"], &first["status"]),
        (&json!(500), &json!("EUR"), &json!("requested"))
    );
    assert!(first["refund_id"].as_str().unwrap().starts_with("goodwill."));
    assert_eq!(granted(&world, wish("late-1", 500)).await, (first.clone(), true));
    world.work().await;
    assert_eq!(granted(&world, wish("late-1", 500)).await, (first, true), "also once it is done");
    assert_eq!(world.provider.refunded(), 500);
    let written = world.table.all_events();
    assert_eq!(written[2].data["reason"], "it came late");
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let world = World::after_checkout("pm_card_visa").await;
    granted(&world, wish("late-1", 500)).await;
    assert_eq!(refused(&world, wish("late-1", 501)).await.0, 422);
    granted(&world, wish("late-2", 501)).await;
    assert_eq!(refused(&world, request(GIVE).by_admin().path("order_id", order_id(1).as_str())).await.0, 400);
}

#[tokio::test]
async fn more_than_is_free_is_refused_with_what_is() {
    let world = World::after_checkout("pm_card_visa").await;
    granted(&world, wish("a", 1500)).await;
    let (status, detail) = refused(&world, wish("b", 401)).await;
    assert_eq!(status, 409);
    assert!(detail.contains("at most 400 "), "{detail}");
    world.hear(&out_of_stock()).await.unwrap();
    assert!(refused(&world, wish("b", 400)).await.1.contains("at most 0 "), "the compensation took the rest");
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn whoever_is_first_the_sum_holds() {
    let world = World::after_checkout("pm_card_visa").await;
    let cancelled = shipment_cancelled();
    let (a, b, c) = tokio::join!(
        world.ask_back(wish("a", 1000)),
        world.ask_back(wish("b", 1000)),
        world.hear(&cancelled)
    );
    assert!(a.is_err() || b.is_err(), "together they are more than was taken");
    c.unwrap();
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn only_what_was_paid_can_go_back_and_only_the_shop_asks() {
    let waiting = World::after_checkout("pm_card_threeDSecure").await;
    assert_eq!(refused(&waiting, wish("a", 1)).await.0, 409);
    assert_eq!(refused(&World::new(), wish("a", 1)).await.0, 404);
    let world = World::after_checkout("pm_card_visa").await;
    assert_eq!(refused(&world, wish("a", 1).by(customer())).await.0, 403);
    assert_eq!(refused(&world, once_more("x").by(customer())).await.0, 403);
    assert_eq!(refused(&world, wish("a", 1).path("order_id", "x")).await.0, 404);
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn what_is_wrong_is_pointed_at() {
    let world = World::after_checkout("pm_card_visa").await;
    for (body, pointer) in [
        (json!({"amount": 0, "reason": "late"}), "/amount"),
        (json!({"amount": -1, "reason": "late"}), "/amount"),
        (json!({"amount": 1, "reason": " "}), "/reason"),
        (json!({"amount": 1, "reason": "x".repeat(201)}), "/reason"),
        (json!({"amount": 1, "reason": "a\u{0}b"}), "/reason"),
    ] {
        let problem = world.ask_back(wish("a", 1).json(&body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
}

#[tokio::test]
async fn a_refund_that_was_given_up_is_resumed_and_succeeds() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 4, Fault::Refuse("balance_insufficient"));
    world.hear(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(world.types().iter().filter(|name| *name == "RefundFailed").count(), 3);

    let (resumed, is_repeat) = granted(&world, once_more("out_of_stock.3")).await;
    assert_eq!((&resumed["refund_id"], is_repeat), (&json!("out_of_stock.4"), false));
    assert_eq!(granted(&world, once_more("out_of_stock.3")).await, (resumed, true));
    assert_eq!(refused(&world, once_more("out_of_stock.4")).await.0, 409, "it is under way");
    world.work().await;
    assert_eq!(world.types().last().unwrap(), "RefundFailed", "it failed, and not by itself again");

    granted(&world, once_more("out_of_stock")).await;
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900);
    assert_eq!(refused(&world, once_more("another")).await.0, 404);
}
