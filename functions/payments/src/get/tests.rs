//! What each caller sees of a payment.

use crate::testing::{World, out_of_stock, shipment_cancelled};
use runtime::http::Request;
use serde_json::Value;
use testkit::{Fault, RequestBuilder as _, customer, order_id, other_customer, request};

fn ask() -> Request {
    request("GET /orders/{order_id}/payment").path("order_id", order_id(1).as_str())
}

async fn body(world: &World, request: Request) -> Value {
    serde_json::from_str(&world.get(request).await.unwrap().body).unwrap()
}

#[tokio::test]
async fn the_owner_sees_what_was_paid_and_refunded() {
    let world = World::after_checkout("pm_card_visa").await;
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    let body = body(&world, ask().by(customer())).await;
    assert_eq!(body["status"], "paid");
    assert_eq!(body["number"], "0000-0000-000");
    assert_eq!(
        (&body["amount"], &body["currency"], &body["refunded"]),
        (&1900.into(), &"EUR".into(), &1900.into())
    );
    assert_eq!(body.get("client_secret"), None);
}

#[tokio::test]
async fn only_the_owner_gets_the_client_secret_and_only_while_it_is_needed() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    let owners = body(&world, ask().by(customer())).await;
    assert_eq!(owners["status"], "action_required");
    assert!(owners["client_secret"].as_str().unwrap().starts_with(&world.intent()));
    assert_eq!(body(&world, ask().by_admin()).await.get("client_secret"), None);
    world.provider.authenticate(&world.intent(), true);
    assert_eq!(body(&world, ask().by(customer())).await.get("client_secret"), None);
}

#[tokio::test]
async fn other_customers_see_no_payment() {
    let world = World::after_checkout("pm_card_visa").await;
    assert_eq!(world.get(ask().by(other_customer())).await.unwrap_err().status, 404);
    assert_eq!(world.get(ask()).await.unwrap_err().status, 401);
    assert_eq!(World::new().get(ask().by_admin()).await.unwrap_err().status, 404);
}

#[tokio::test]
async fn only_admins_see_a_tombstone() {
    let world = World::new();
    world.publish(&shipment_cancelled()).await.unwrap();
    assert_eq!(world.get(ask().by(customer())).await.unwrap_err().status, 404);
    assert_eq!(body(&world, ask().by_admin()).await["status"], "cancelled");
}

#[tokio::test]
async fn an_outage_of_the_provider_is_answered_503() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.provider.fail("GET /v1/payment_intents", 2, Fault::ErrorBefore);
    assert_eq!(world.get(ask().by(customer())).await.unwrap_err().status, 503);
}

#[tokio::test]
async fn a_customer_sees_a_public_word_for_a_decline_and_an_admin_the_providers_code() {
    let public = [
        ("stolen_card", "card_declined"),
        ("fraudulent", "card_declined"),
        ("lost_card", "card_declined"),
        ("incorrect_cvc", "incorrect_details"),
        ("insufficient_funds", "insufficient_funds"),
        ("expired_card", "expired_card"),
        ("authentication_required", "authentication_failed"),
        ("processing_error", "try_again"),
        ("a_code_of_next_year", "card_declined"),
    ];
    for (code, word) in public {
        let world = World::new();
        world.place("pm_card_visa").await;
        let intent = serde_json::json!({
            "id": world.intent(), "status": "requires_payment_method", "amount": 1900, "currency": "eur",
            "last_payment_error": {"code": "card_declined", "decline_code": code},
        });
        let event = serde_json::json!({
            "id": "evt_1", "object": "event", "type": "payment_intent.payment_failed", "livemode": false,
            "data": {"object": intent},
        });
        assert_eq!(world.deliver(&event).await, []);
        for _ in 0..2 {
            assert_eq!(body(&world, ask().by(customer())).await["code"], word, "{code}");
            assert_eq!(body(&world, ask().by_admin()).await["code"], code);
            world.work().await;
        }
    }
}
