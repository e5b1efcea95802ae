//! Operators' refund requests through the endpoint.

use crate::testing::{World, out_of_stock, shipment_cancelled};
use runtime::http::Request;
use serde_json::{Value, json};
use testkit::{Fault, RequestBuilder as _, customer, order_id, request};

const REFUND: &str = "POST /orders/{order_id}/refunds";
const RETRY: &str = "POST /orders/{order_id}/refunds/{refund_id}/retry";

fn goodwill(key: &str, amount: u64) -> Request {
    let body = json!({"amount": amount, "reason": "it came late"});
    request(REFUND)
        .by_admin()
        .path("order_id", order_id(1).as_str())
        .header("idempotency-key", key)
        .json(&body)
}

fn retry(refund_id: &str) -> Request {
    request(RETRY).by_admin().path("order_id", order_id(1).as_str()).path("refund_id", refund_id)
}

/// The body of a 202, and whether it is a repeat.
async fn granted(world: &World, request: Request) -> (Value, bool) {
    let reply = world.post_refund(request).await.unwrap();
    assert_eq!(reply.status, 202);
    let is_repeat = reply.headers.iter().any(|(name, _)| *name == "idempotency-replayed");
    (serde_json::from_str(&reply.body).unwrap(), is_repeat)
}

async fn refused(world: &World, request: Request) -> (u16, String) {
    let problem = world.post_refund(request).await.unwrap_err();
    (problem.status, problem.detail)
}

#[tokio::test]
async fn a_repeated_request_refunds_once() {
    let world = World::after_checkout("pm_card_visa").await;
    let (first, is_repeat) = granted(&world, goodwill("late-1", 500)).await;
    assert!(!is_repeat);
    assert_eq!(first["number"], "0000-0000-000");
    assert_eq!(
        (&first["amount"], &first["currency"], &first["status"]),
        (&json!(500), &json!("EUR"), &json!("requested"))
    );
    assert!(first["refund_id"].as_str().unwrap().starts_with("goodwill."));
    assert_eq!(granted(&world, goodwill("late-1", 500)).await, (first.clone(), true));
    world.work().await;
    assert_eq!(granted(&world, goodwill("late-1", 500)).await, (first, true), "also after it was paid");
    assert_eq!(world.provider.refunded(), 500);
    let written = world.table.all_events();
    assert_eq!(written[2].data["reason"], "it came late");
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let world = World::after_checkout("pm_card_visa").await;
    granted(&world, goodwill("late-1", 500)).await;
    assert_eq!(refused(&world, goodwill("late-1", 501)).await.0, 422);
    granted(&world, goodwill("late-2", 501)).await;
    assert_eq!(
        refused(&world, request(REFUND).by_admin().path("order_id", order_id(1).as_str())).await.0,
        400
    );
}

#[tokio::test]
async fn more_than_is_refundable_is_refused_with_the_limit() {
    let world = World::after_checkout("pm_card_visa").await;
    granted(&world, goodwill("a", 1500)).await;
    let (status, detail) = refused(&world, goodwill("b", 401)).await;
    assert_eq!(status, 409);
    assert!(detail.contains("at most 400 "), "{detail}");
    world.publish(&out_of_stock()).await.unwrap();
    assert!(
        refused(&world, goodwill("b", 400)).await.1.contains("at most 0 "),
        "the compensation took the rest"
    );
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn concurrent_requests_never_exceed_the_sum() {
    let world = World::after_checkout("pm_card_visa").await;
    let cancelled = shipment_cancelled();
    let (a, b, c) = tokio::join!(
        world.post_refund(goodwill("a", 1000)),
        world.post_refund(goodwill("b", 1000)),
        world.publish(&cancelled)
    );
    assert!(a.is_err() || b.is_err(), "together they exceed what was captured");
    c.unwrap();
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn only_a_paid_order_is_refunded_and_only_by_an_admin() {
    let waiting = World::after_checkout("pm_card_threeDSecure").await;
    assert_eq!(refused(&waiting, goodwill("a", 1)).await.0, 409);
    assert_eq!(refused(&World::new(), goodwill("a", 1)).await.0, 404);
    let world = World::after_checkout("pm_card_visa").await;
    assert_eq!(refused(&world, goodwill("a", 1).by(customer())).await.0, 403);
    assert_eq!(refused(&world, retry("x").by(customer())).await.0, 403);
    assert_eq!(refused(&world, goodwill("a", 1).path("order_id", "x")).await.0, 404);
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn a_validation_error_points_to_its_field() {
    let world = World::after_checkout("pm_card_visa").await;
    for (body, pointer) in [
        (json!({"amount": 0, "reason": "late"}), "/amount"),
        (json!({"amount": -1, "reason": "late"}), "/amount"),
        (json!({"amount": 1, "reason": " "}), "/reason"),
        (json!({"amount": 1, "reason": "x".repeat(201)}), "/reason"),
        (json!({"amount": 1, "reason": "a\u{0}b"}), "/reason"),
    ] {
        let problem = world.post_refund(goodwill("a", 1).json(&body)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer), "{body}");
    }
}

#[tokio::test]
async fn a_retried_refund_succeeds() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.fail("POST /v1/refunds", 4, Fault::Refuse("balance_insufficient"));
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(world.types().iter().filter(|name| *name == "RefundFailed").count(), 3);

    let (retried, is_repeat) = granted(&world, retry("out_of_stock.3")).await;
    assert_eq!((&retried["refund_id"], is_repeat), (&json!("out_of_stock.4"), false));
    assert_eq!(granted(&world, retry("out_of_stock.3")).await, (retried, true));
    assert_eq!(refused(&world, retry("out_of_stock.4")).await.0, 409, "it is under way");
    world.work().await;
    assert_eq!(world.types().last().unwrap(), "RefundFailed", "it failed, and is not retried automatically");

    granted(&world, retry("out_of_stock")).await;
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900);
    assert_eq!(refused(&world, retry("another")).await.0, 404);
}
