//! Calls that the provider refuses: whose fault it is, and what follows.

use crate::testing::World;
use events::PaymentFailed;
use resilience::Failure;
use testkit::{Fault, message, order_id, placed};

#[tokio::test]
async fn a_confirmation_refused_for_the_customers_choice_fails_the_payment() {
    let blames = [
        (400, "payment_method_unexpected_state", "payment_method"),
        (400, "payment_method_currency_mismatch", ""),
        (400, "payment_intent_incompatible_payment_method", ""),
        (400, "amount_too_large", "amount"),
        (400, "amount_too_small", ""),
        (400, "", "payment_method"),
        (400, "", "payment_method[card]"),
        (400, "", "amount"),
        (400, "", "currency"),
        (404, "resource_missing", "payment_method"),
        (404, "resource_missing", ""),
        (404, "", "payment_method"),
    ];
    for (status, code, param) in blames {
        let world = World::new();
        world.place("pm_card_visa").await;
        world.provider.fail("/confirm", 9, Fault::RefuseWith(status, code, param));
        world.work().await;
        assert_eq!(world.provider.calls("GET /v1/payment_intents"), 1, "{code} {param}: one state check");
        assert_eq!(world.provider.calls("/confirm"), 1, "{code} {param}");
        let expected = ["PaymentRequested", "PaymentCancellationRequested", "PaymentFailed"];
        assert_eq!(world.types(), expected, "{status} {code} {param}");
        assert_eq!(world.provider.status_of(&world.intent()), "canceled");
    }
}

#[tokio::test]
async fn a_payment_method_pays_once() {
    let world = World::after_checkout("pm_once").await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    let placed = events::OrderPlaced { payment_method: "pm_once".to_owned(), ..placed() };
    world.take(&message(&order_id(2), 1, &events::OrdersEvent::from(placed))).await.unwrap();
    world.work().await;
    assert_eq!(world.last(), PaymentFailed { code: "payment_method_unexpected_state".to_owned() }.into());
    assert_eq!(world.provider.charges(), 1);
}

#[tokio::test]
async fn a_confirmation_refused_for_another_reason_is_retried_or_left_to_an_operator() {
    for status in [401, 403, 408, 409, 424, 429, 500, 503] {
        for (code, param) in [("payment_method_unexpected_state", "payment_method"), ("", "")] {
            let world = World::new();
            world.place("pm_card_visa").await;
            world.provider.fail("/confirm", 2, Fault::RefuseWith(status, code, param));
            let outcome = world.redeliver("PaymentRequested", 1).await;
            assert!(matches!(outcome, Err(Failure::Retry { .. })), "{status} {code}: {outcome:?}");
            world.redeliver("PaymentRequested", 2).await.unwrap_or_default();
            world.redeliver("PaymentRequested", 3).await.unwrap();
            assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"], "{status}");
        }
    }
    let ours = [
        (400, "parameter_unknown", "payment_method"),
        (400, "parameter_missing", "return_url"),
        (400, "", ""),
        (404, "resource_missing", "intent"),
        (405, "payment_method_unexpected_state", "payment_method"),
        (422, "", "amount"),
    ];
    for (status, code, param) in ours {
        let world = World::new();
        world.place("pm_card_visa").await;
        world.provider.fail("/confirm", 2, Fault::RefuseWith(status, code, param));
        let outcome = world.redeliver("PaymentRequested", 1).await;
        assert!(matches!(outcome, Err(Failure::Reject { .. })), "{status} {code}: {outcome:?}");
        assert_eq!(world.types(), ["PaymentRequested"], "{status} {code}: no order ends");
    }
}

/// A refusal may come after the charge: a concurrent delivery was faster.
#[tokio::test]
async fn a_refusal_never_fails_a_payment_that_was_made() {
    let world = World::new();
    world.place("pm_card_visa").await;
    assert!(world.provider.pay_externally(&world.intent()));
    world.provider.fail(
        "/confirm",
        1,
        Fault::RefuseWith(400, "payment_method_unexpected_state", "payment_method"),
    );
    world.work().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn no_text_of_a_customer_becomes_a_dead_letter() {
    for method in ["invoice", "pm_", "pm_nobody", "tok_visa", "", "4242424242424242", "-", "pm_card_visa-x"] {
        for refusal in [None, Some(Fault::RefuseWith(400, "", "")), Some(Fault::RefuseWith(404, "", ""))] {
            let is_possible = method.starts_with("pm_") && method.len() > 3 && !method.contains('-');
            if is_possible && refusal.is_some() {
                continue;
            }
            let world = World::new();
            if let Some(fault) = refusal {
                world.provider.fail("POST /v1/payment_intents", 1, fault);
            }
            world.place(method).await;
            assert_eq!(world.types(), ["PaymentFailed"], "{method}: {refusal:?}");
        }
    }
}
