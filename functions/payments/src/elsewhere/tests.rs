//! An order whose money comes by way of another system, from its placing to the last cent back.

use crate::Stage;
use crate::testing::{World, expired, out_of_stock, shipment_cancelled};
use events::{OrderPlaced, OrdersEvent, PaymentsEvent, RefundCause};
use resilience::Failure;
use runtime::stream::Poison;
use serde_json::{Value, json};
use testkit::{order_id, receive_webhook};
use webhooks::Topic;

impl World {
    /// What `sender` tells is received, kept and applied.
    async fn told(&self, sender: &str, id: &str, event_type: &str, data: &Value) -> Vec<Poison> {
        let kept =
            receive_webhook(&self.table, Topic::Payments, (sender, id), event_type, data).await.unwrap();
        self.apply(vec![kept]).await.unwrap()
    }

    async fn ordered() -> Self {
        Self::after_checkout("elsewhere:bank").await
    }
}

fn received(amount: u64) -> Value {
    received_as("RF18", amount)
}

fn received_as(reference: &str, amount: u64) -> Value {
    json!({"order_id": order_id(1), "amount": amount, "currency": "EUR", "reference": reference})
}

fn back(reference: &str, amount: u64) -> Value {
    json!({"order_id": order_id(1), "amount": amount, "reference": reference})
}

#[tokio::test]
async fn an_order_that_is_paid_elsewhere_waits_for_its_sender_and_calls_nobody() {
    let world = World::ordered().await;
    assert_eq!(world.types(), ["PaymentRequested"]);
    assert!(world.provider.intents_of(order_id(1).as_str()).is_empty());
    assert_eq!(world.told("bank", "m1", "payment.received", &received(1900)).await, []);
    assert_eq!(world.told("bank", "m1", "payment.received", &received(1900)).await, []);
    assert_eq!(world.told("bank", "m2", "payment.received", &received(1900)).await, []);
    world.work().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn nobody_elses_word_and_no_other_amount_pays_the_order() {
    let world = World::ordered().await;
    assert_eq!(world.told("bank", "m1", "payment.received", &received(1800)).await.len(), 1);
    assert_eq!(world.told("other", "m1", "payment.received", &received(1900)).await, []);
    assert_eq!(world.types(), ["PaymentRequested"]);
    let by_card = World::after_checkout("pm_card_threeDSecure").await;
    assert_eq!(by_card.told("bank", "m1", "payment.received", &received(1900)).await, []);
    assert!(!by_card.types().contains(&"OrderPaid".to_owned()));
}

#[tokio::test]
async fn what_is_told_before_the_order_is_known_waits_for_it() {
    let world = World::new();
    assert_eq!(world.told("bank", "m1", "payment.received", &received(1900)).await, []);
    assert_eq!(world.types(), [""; 0]);
    world.place("elsewhere:bank").await;
    assert_eq!(world.apply(vec![world.record_of("PaymentRequested")]).await.unwrap(), []);
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn money_for_an_order_that_was_cancelled_before_its_payment_began_is_set_aside_for_a_person() {
    let placed = OrderPlaced { payment_method: "elsewhere:bank".to_owned(), ..testkit::placed() };
    let placed = OrdersEvent::from(placed);
    for is_told_first in [true, false] {
        let world = World::new();
        world.hear(&shipment_cancelled()).await.unwrap();
        if is_told_first {
            assert_eq!(world.told("bank", "m1", "payment.received", &received(1900)).await, []);
            for _ in 0..2 {
                let Err(Failure::Reject { reason }) = world.hear(&placed).await else { panic!() };
                assert!(reason.contains("parked#bank.m1"), "{reason}");
            }
        } else {
            world.hear(&placed).await.unwrap();
            assert_eq!(world.told("bank", "m1", "payment.received", &received(1900)).await.len(), 1);
        }
        assert_eq!(world.types(), ["PaymentCancelled"]);
    }
}

#[tokio::test]
async fn an_order_that_nobody_pays_elsewhere_expires_and_money_that_comes_later_is_owed() {
    let world = World::ordered().await;
    world.hear(&expired()).await.unwrap();
    world.work().await;
    assert_eq!(world.types()[1..], ["PaymentCancellationRequested", "PaymentCancelled"]);
    assert_eq!(world.told("bank", "m1", "payment.received", &received(1900)).await, []);
    assert!(world.payment().await.ledger.has(RefundCause::LateCapture));
}

#[tokio::test]
async fn i1_a_second_payment_of_an_order_is_for_a_person_and_never_passed_over() {
    let paid = World::ordered().await;
    paid.told("bank", "m1", "payment.received", &received(1900)).await;
    let ended = World::ordered().await;
    ended.hear(&expired()).await.unwrap();
    ended.work().await;
    ended.told("bank", "m1", "payment.received", &received(1900)).await;
    for world in [paid, ended] {
        let before = world.types();
        for (id, told) in [("m2", received_as("RF99", 1900)), ("m3", received(500))] {
            let [poison] = &world.told("bank", id, "payment.received", &told).await[..] else { panic!() };
            assert!(poison.reason.contains("received for this order before"), "{}", poison.reason);
        }
        assert_eq!(world.types(), before);
    }
}

#[tokio::test]
async fn i1_what_cannot_have_been_given_back_is_for_a_person() {
    let world = World::ordered().await;
    let early = world.told("bank", "m0", "payment.refunded", &back("R0", 300)).await;
    assert!(early[0].reason.contains("more was given back"), "nothing was received yet");
    world.told("bank", "m1", "payment.received", &received(1900)).await;
    assert_eq!(world.told("bank", "m2", "payment.refunded", &back("R1", 1000)).await, []);
    let named = |id: &str, amount| {
        let mut told = back("R9", amount);
        told["refund_id"] = json!(id);
        told
    };
    for (id, told, wrong) in [
        ("m3", back("R2", 1000), "more was given back"),
        ("m4", back("R1", 900), "another amount"),
        ("m5", back("R3", 0), "nothing"),
        ("m6", named("foreign.R1", 900), "another amount"),
        ("m7", named("nobodys", 900), "no refund of that id"),
    ] {
        let [poison] = &world.told("bank", id, "payment.refunded", &told).await[..] else { panic!("{id}") };
        assert!(poison.reason.contains(wrong), "{id}: {}", poison.reason);
    }
    assert_eq!(world.told("bank", "m8", "payment.refunded", &back("R1", 1000)).await, [], "told once more");
    assert_eq!(world.payment().await.ledger.refunded().units(), 1000);
    assert_eq!(world.told("bank", "m9", "payment.refunded", &back("R4", 900)).await, []);
    assert_eq!(world.payment().await.ledger.refunded().units(), 1900);
}

#[tokio::test]
async fn a_refund_that_only_a_person_can_make_is_owed_until_its_sender_tells_of_it() {
    let world = World::ordered().await;
    world.told("bank", "m1", "payment.received", &received(1900)).await;
    world.hear(&out_of_stock()).await.unwrap();
    world.work().await;
    assert!(matches!(world.last(), PaymentsEvent::RefundFailed(failed) if failed.code == super::BY_HAND));
    let back = json!({"order_id": order_id(1), "amount": 1900, "reference": "RF19"});
    for id in ["m2", "m2", "m3"] {
        assert_eq!(world.told("bank", id, "payment.refunded", &back).await, []);
    }
    let payment = world.payment().await;
    assert_eq!(
        (payment.ledger.refunded(), payment.ledger.captured()),
        (payment.ledger.captured(), testkit::placed().total)
    );
    assert!(matches!(payment.stage, Stage::Paid { .. }));
    assert_eq!(world.types().iter().filter(|told| *told == "PaymentRefunded").count(), 1);
}

#[tokio::test]
async fn a_refund_that_nobody_asked_for_is_recorded_with_its_end() {
    let world = World::ordered().await;
    world.told("bank", "m1", "payment.received", &received(1900)).await;
    let back = json!({"order_id": order_id(1), "amount": 300, "reference": "RF20"});
    assert_eq!(world.told("bank", "m2", "payment.refunded", &back).await, []);
    world.work().await;
    assert_eq!(world.types()[2..], ["RefundRequested", "PaymentRefunded"]);
    assert_eq!(world.payment().await.ledger.refunded().units(), 300);
}

#[tokio::test]
async fn what_makes_no_sense_is_set_aside_and_what_is_not_known_is_left_alone() {
    let world = World::ordered().await;
    for (id, event_type, data) in [
        ("m1", "payment.received", json!({"order_id": order_id(1), "amount": -1, "currency": "EUR"})),
        ("m2", "payment.received", json!({"order_id": "1", "amount": 1900, "currency": "EUR"})),
        ("m3", "payment.refunded", json!({"order_id": order_id(1), "amount": 1, "reference": "a b"})),
    ] {
        assert_eq!(world.told("bank", id, event_type, &data).await.len(), 1, "{id}");
    }
    assert_eq!(world.told("bank", "m4", "payment.disputed", &json!({})).await, []);
    assert_eq!(world.types(), ["PaymentRequested"]);
}
