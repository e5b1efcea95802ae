//! An order whose customer chooses the method in the browser and confirms there.

use crate::payment::Stage;
use crate::testing::{World, expired, shipment_cancelled};
use events::{CancelCause, PaymentCancelled, PaymentFailed, RefundCause};
use serde_json::Value;
use std::time::Duration;
use testkit::{Fault, RequestBuilder as _, customer, order_id, other_customer, request};

const VISA: &str = "pm_card_visa";

/// The order's payment as a caller sees it.
async fn seen(world: &World, by: Option<events::Customer>) -> Value {
    let ask = request("GET /orders/{order_id}/payment").path("order_id", order_id(1).as_str());
    let ask = match by {
        Some(customer) => ask.by(customer),
        None => ask.by_admin(),
    };
    serde_json::from_str(&world.get(ask).await.unwrap().body).unwrap()
}

async fn secret(world: &World) -> Option<String> {
    seen(world, Some(customer())).await["client_secret"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn the_browser_confirms_and_no_call_of_ours_does() {
    let world = World::after_checkout("client").await;
    for deliveries in [1, 2, 3] {
        world.redeliver("PaymentRequested", deliveries).await.unwrap();
    }
    assert_eq!((world.types(), world.provider.calls("/confirm")), (vec!["PaymentRequested".to_owned()], 0));
    assert!(world.provider.confirm_in_browser(&world.intent(), VISA));
    world.deliver_all().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    assert_eq!((world.provider.captured(), world.provider.calls("/confirm")), (1900, 0));
}

#[tokio::test]
async fn the_owner_alone_has_the_secret_while_the_payment_is_open() {
    let world = World::after_checkout("client").await;
    let given = secret(&world).await.unwrap();
    assert!(given.starts_with(&world.intent()));
    assert_eq!(seen(&world, None).await.get("client_secret"), None, "an admin");
    let others = request("GET /orders/{order_id}/payment").path("order_id", order_id(1).as_str());
    assert_eq!(world.get(others.by(other_customer())).await.unwrap_err().status, 404);
    world.provider.confirm_in_browser(&world.intent(), VISA);
    assert_eq!(secret(&world).await, None, "it is paid, which the stream does not show yet");
    world.deliver_all().await;
    assert_eq!(secret(&world).await, None);
    assert!(world.table.all_events().iter().all(|event| !event.data.to_string().contains(&given)));
}

#[tokio::test]
async fn a_payment_that_the_server_confirms_never_shows_its_secret_before_the_bank_asks() {
    let world = World::new();
    world.place(VISA).await;
    assert_eq!(secret(&world).await, None);
}

#[tokio::test]
async fn the_banks_step_is_taken_in_the_browser() {
    let world = World::after_checkout("client").await;
    world.provider.confirm_in_browser(&world.intent(), "pm_card_threeDSecure");
    world.deliver_all().await;
    assert!(secret(&world).await.is_some());
    world.provider.authenticate(&world.intent(), true);
    world.deliver_all().await;
    assert_eq!(world.types(), ["PaymentRequested", "PaymentActionRequired", "OrderPaid"]);
}

#[tokio::test]
async fn an_intent_that_the_browser_never_confirms_expires_and_is_not_declined() {
    let world = World::after_checkout("client").await;
    world.clock.advance(Duration::from_hours(1));
    world.publish(&expired()).await.unwrap();
    world.work().await;
    assert_eq!(world.last(), PaymentCancelled { cause: CancelCause::Expired }.into());
    assert_eq!(world.provider.status_of(&world.intent()), "canceled");
    assert!(!world.provider.confirm_in_browser(&world.intent(), VISA));
}

#[tokio::test]
async fn money_that_the_browser_paid_in_time_counts_though_no_webhook_reports_it() {
    let world = World::after_checkout("client").await;
    world.provider.confirm_in_browser(&world.intent(), VISA);
    world.clock.advance(Duration::from_hours(1));
    world.publish(&expired()).await.unwrap();
    assert!(matches!(world.payment().await.stage, Stage::Paid { .. }));
}

#[tokio::test]
async fn a_decline_in_the_browser_ends_the_payment() {
    let world = World::after_checkout("client").await;
    assert!(!world.provider.confirm_in_browser(&world.intent(), "pm_card_chargeCustomerFail"));
    world.deliver_all().await;
    world.work().await;
    assert_eq!(world.last(), PaymentFailed { code: "generic_decline".to_owned() }.into());
    assert_eq!(world.provider.charges(), 0);
}

#[tokio::test]
async fn another_card_that_overtakes_the_end_of_the_payment_is_refunded_once() {
    for is_declined in [true, false] {
        let world = World::after_checkout("client").await;
        if is_declined {
            world.provider.confirm_in_browser(&world.intent(), "pm_card_chargeCustomerFail");
        } else {
            world.publish(&shipment_cancelled()).await.unwrap();
        }
        let first = world.provider.take_events();
        world.provider.confirm_in_browser(&world.intent(), VISA);
        for event in &first {
            assert_eq!(world.deliver(event).await, []);
        }
        world.work().await;
        world.deliver_all().await;
        world.work().await;
        let ledger = world.payment().await.ledger;
        assert!(ledger.has(RefundCause::LateCapture), "{is_declined}");
        assert_eq!((world.provider.captured(), world.provider.refunded()), (1900, 1900));
        assert_eq!(world.provider.refunds_of(&world.intent()).len(), 1);
    }
}

#[tokio::test]
async fn a_creation_that_is_refused_for_a_reason_of_ours_ends_no_order() {
    let world = World::new();
    world.provider.fail("POST /v1/payment_intents", 1, Fault::Refuse("parameter_missing"));
    let placed = events::OrderPlaced { payment_method: "client".to_owned(), ..testkit::placed() };
    assert!(world.publish(&events::OrdersEvent::from(placed)).await.is_err());
    assert!(world.types().is_empty());
}
