//! Whatever unit Stripe counts a currency in, the amount of the order is the amount that moves: charged, refunded, disputed.

use crate::payment::{Payment, Stage};
use crate::testing::{World, out_of_stock};
use events::{Amount, Currency, DisputeOutcome, OrderPlaced, OrdersEvent, PaymentFailed};
use resilience::Failure;
use runtime::http::{Problem, Request};
use serde_json::{Value, json};
use testkit::{RequestBuilder as _, order_id, placed, request};

/// An amount in our minor units, its currency, and the same money in Stripe's units.
const SAME_MONEY: [(u64, &str, u64); 12] = [
    (1900, "EUR", 1900),
    (5000, "ISK", 500_000),
    (1, "ISK", 100),
    (250_000, "MGA", 2500),
    (100, "MGA", 1),
    (5010, "KWD", 5010),
    (5000, "JPY", 5000),
    (17_500, "HUF", 17_500),
    (9_999_999_900, "MGA", 99_999_999),
    (1_500_000_000, "IDR", 1_500_000_000),
    (450_000_000, "COP", 450_000_000),
    // Refused by now, and possibly in orders already: what was charged so far is what is refunded.
    (50_000, "UGX", 50_000),
];

async fn checkout(total: u64, currency: &str) -> World {
    let world = World::new();
    let (total, currency) = (Amount::minor(total), Currency::try_from(currency).unwrap());
    world.publish(&OrdersEvent::from(OrderPlaced { total, currency, ..placed() })).await.unwrap();
    world.work().await;
    world
}

fn goodwill(amount: u64) -> Request {
    request("POST /orders/{order_id}/refunds")
        .by_admin()
        .path("order_id", order_id(1).as_str())
        .header("idempotency-key", &format!("key-{amount}"))
        .json(&json!({"amount": amount, "reason": "a scratch"}))
}

fn books(world: &World) -> (u64, u64) {
    let books = world.provider.books_of(order_id(1).as_str());
    (books.captured, books.refunded)
}

fn ledger(payment: &Payment) -> (u64, u64) {
    (payment.ledger.captured().units(), payment.ledger.refunded().units())
}

#[tokio::test]
async fn i1_the_amount_of_the_order_is_what_the_card_is_charged_and_refunded() {
    for (amount, currency, at_stripe) in SAME_MONEY {
        let world = checkout(amount, currency).await;
        world.deliver_all().await;
        assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"], "{amount} {currency}");
        assert_eq!(books(&world), (at_stripe, 0), "{amount} {currency}");
        world.publish(&out_of_stock()).await.unwrap();
        world.work().await;
        world.deliver_all().await;
        assert_eq!(books(&world), (at_stripe, at_stripe), "{amount} {currency}");
        assert_eq!(ledger(&world.payment().await), (amount, amount), "{currency}");
        assert_eq!(world.types().last().unwrap(), "PaymentRefunded", "{currency}");
    }
}

#[tokio::test]
async fn i1_a_part_is_refunded_by_an_operator_or_in_the_dashboard() {
    for (total, part, currency, total_there, part_there) in [
        (5000, 1000, "ISK", 500_000, 100_000),
        (250_000, 50_000, "MGA", 2500, 500),
        (5010, 1000, "KWD", 5010, 1000),
        (5000, 1000, "JPY", 5000, 1000),
        (50_000, 10_000, "UGX", 50_000, 10_000),
    ] {
        let world = checkout(total, currency).await;
        assert_eq!(world.post_refund(goodwill(part)).await.unwrap().status, 202);
        world.work().await;
        world.provider.refund_in_dashboard(&world.intent(), part_there).unwrap();
        world.deliver_all().await;
        world.work().await;
        assert_eq!(books(&world), (total_there, 2 * part_there), "{currency}");
        assert_eq!(ledger(&world.payment().await), (total, 2 * part), "{currency}");
    }
}

#[tokio::test]
async fn a_dispute_is_recorded_in_minor_units() {
    for (amount, currency, at_stripe) in SAME_MONEY {
        let world = checkout(amount, currency).await;
        let dispute = world.provider.dispute(&world.intent(), at_stripe);
        world.deliver_all().await;
        let payment = world.payment().await;
        let known = payment.ledger.dispute(&dispute).unwrap();
        assert_eq!((known.outcome, known.amount.units()), (DisputeOutcome::Opened, amount), "{currency}");
        assert!(payment.ledger.refundable().is_zero(), "{currency}");
    }
}

/// 3-D Secure: the webhook reports the capture, and no answer of a call does.
#[tokio::test]
async fn a_capture_that_a_webhook_reports_is_in_minor_units() {
    for (amount, currency, _) in SAME_MONEY {
        let world = World::new();
        let (total, currency) = (Amount::minor(amount), Currency::try_from(currency).unwrap());
        let payment_method = "pm_card_threeDSecure".to_owned();
        let placed = OrderPlaced { total, currency, payment_method, ..placed() };
        world.publish(&OrdersEvent::from(placed)).await.unwrap();
        world.work().await;
        world.provider.authenticate(&world.intent(), true);
        world.deliver_all().await;
        assert!(matches!(world.payment().await.stage, Stage::Paid { .. }), "{currency}");
        assert_eq!(ledger(&world.payment().await), (amount, 0), "{currency}");
    }
}

fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}})
}

#[tokio::test]
async fn an_amount_that_is_not_a_whole_number_of_minor_units_is_for_an_operator() {
    let world = checkout(5000, "ISK").await;
    let intent = world.intent();
    let known = world.types();
    for (kind, mut object) in [
        ("refund.created", json!({"id": "re_9", "status": "succeeded", "payment_intent": intent})),
        (
            "charge.dispute.created",
            json!({"id": "dp_9", "status": "needs_response", "payment_intent": intent}),
        ),
        ("payment_intent.succeeded", json!({"id": intent, "status": "succeeded"})),
    ] {
        object["amount"] = json!(12_345);
        object["amount_received"] = json!(12_345);
        object["currency"] = json!("isk");
        let letters = world.deliver(&event(&format!("evt_{kind}"), kind, &object)).await;
        assert_eq!(letters.len(), 1, "{kind}");
        assert!(letters[0].reason.contains("ISK"), "{}", letters[0].reason);
    }
    assert_eq!(world.types(), known, "nothing is recorded, and nothing is rounded");
}

#[tokio::test]
async fn a_refund_or_dispute_in_another_currency_is_for_an_operator() {
    let world = checkout(5000, "ISK").await;
    for (kind, status) in [("refund.created", "succeeded"), ("charge.dispute.created", "needs_response")] {
        for (n, currency, is_readable) in [(1, "eur", false), (2, "krona", false), (3, "isk", true)] {
            let object = json!({
                "id": format!("x_{kind}_{n}"), "status": status, "amount": 500, "currency": currency,
                "payment_intent": world.intent(),
            });
            let letters = world.deliver(&event(&format!("evt_{kind}_{n}"), kind, &object)).await;
            assert_eq!(letters.is_empty(), is_readable, "{kind} {currency}");
        }
    }
    assert_eq!(
        world.payment().await.ledger.dispute("x_charge.dispute.created_3").unwrap().amount,
        Amount::minor(5)
    );
}

/// An older object may lack its currency: it is the payment's.
#[tokio::test]
async fn an_amount_without_a_currency_is_in_the_payments() {
    let world = checkout(250_000, "MGA").await;
    let object =
        json!({"id": "dp_9", "status": "needs_response", "amount": 500, "payment_intent": world.intent()});
    assert_eq!(world.deliver(&event("evt_9", "charge.dispute.created", &object)).await, []);
    assert_eq!(world.payment().await.ledger.dispute("dp_9").unwrap().amount, Amount::minor(50_000));
}

/// An order of an older version may have a total that Stripe does not take.
#[tokio::test]
async fn a_total_that_stripe_does_not_take_fails_the_payment() {
    for (total, currency, code) in [
        (250_050, "MGA", "amount_not_representable"),
        (5003, "KWD", "invalid_charge_amount"),
        (150, "PLN", "amount_too_small"),
        (100_000_000, "EUR", "amount_too_large"),
    ] {
        let world = checkout(total, currency).await;
        assert_eq!(world.last(), PaymentFailed { code: code.to_owned() }.into(), "{total} {currency}");
    }
}

async fn refused(world: &World, amount: u64) -> Problem {
    world.post_refund(goodwill(amount)).await.unwrap_err()
}

#[tokio::test]
async fn a_refund_is_a_multiple_of_the_step_of_its_currency() {
    for (total, amount, currency, step) in [
        (5010, 1003, "KWD", "10"),
        (5010, 5011, "KWD", "10"),
        (250_000, 50_050, "MGA", "100"),
        (250_000, 1, "MGA", "100"),
    ] {
        let world = checkout(total, currency).await;
        let problem = refused(&world, amount).await;
        let [error] = problem.errors.as_slice() else { panic!("{problem:?}") };
        assert_eq!((problem.status, error.pointer.as_str()), (422, "/amount"), "{amount} {currency}");
        assert!(error.detail.contains(step) && error.detail.contains(currency), "{}", error.detail);
        let problem = refused(&world, total * 10).await;
        assert_eq!(problem.status, 409);
        assert!(problem.detail.contains(&format!("{total} minor units of {currency}")), "{}", problem.detail);
    }
}

/// Everything that is left of an old offline payment can be refunded, whatever the step is now.
#[tokio::test]
async fn all_that_is_left_of_an_offline_payment_is_refundable() {
    let world = World::new();
    let (total, currency) = (Amount::minor(5003), Currency::try_from("KWD").unwrap());
    let payment_method = "elsewhere:bank".to_owned();
    let placed = OrderPlaced { total, currency, payment_method, ..placed() };
    world.publish(&OrdersEvent::from(placed)).await.unwrap();
    let intent = world.payment().await.stage.terms().unwrap().intent_id.clone();
    let capture = crate::provider::Capture {
        intent: intent.as_str().try_into().unwrap(),
        amount: total,
        currency,
        reference: Some("R1".to_owned()),
    };
    let paid = world.payment().await.decide_captured(&capture).unwrap().unwrap();
    let envelope = testkit::envelope(&order_id(1), 2, &paid);
    event_store::EventStore::append(&*world.table, &event_store::StreamId::order(&order_id(1)), &envelope)
        .await
        .unwrap();
    assert_eq!(refused(&world, 1003).await.status, 422);
    assert_eq!(world.post_refund(goodwill(5003)).await.unwrap().status, 202);
}

#[tokio::test]
async fn a_listed_refund_that_cannot_be_recorded_exactly_stops_the_next_one() {
    let world = checkout(5000, "ISK").await;
    world.provider.refund_unchecked(&world.intent(), 12_345);
    world.publish(&out_of_stock()).await.unwrap();
    let failure = world.redeliver("RefundRequested", 1).await.unwrap_err();
    assert!(matches!(failure, Failure::Reject { .. }), "{failure:?}");
    assert_eq!(world.provider.calls("POST /v1/refunds"), 0);
}
