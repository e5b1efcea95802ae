//! An order that is paid offline, from its placing to the last refund.

use crate::Stage;
use crate::testing::{World, expired, out_of_stock, shipment_cancelled};
use events::{OrderPlaced, OrdersEvent, PaymentsEvent, RefundCause};
use outbound::DeadLetter;
use resilience::Failure;
use serde_json::{Value, json};
use testkit::{order_id, receive_webhook};
use webhooks::Topic;

impl World {
    /// Keeps a report of `sender` and applies it.
    async fn report(&self, sender: &str, id: &str, event_type: &str, data: &Value) -> Vec<DeadLetter> {
        let kept =
            receive_webhook(&self.table, Topic::Payments, (sender, id), event_type, data).await.unwrap();
        self.apply(vec![kept]).await.unwrap()
    }

    async fn offline_order() -> Self {
        Self::after_checkout("elsewhere:bank").await
    }
}

fn received(amount: u64) -> Value {
    received_as("RF18", amount)
}

fn received_as(reference: &str, amount: u64) -> Value {
    json!({"order_id": order_id(1), "amount": amount, "currency": "EUR", "reference": reference})
}

fn refunded(reference: &str, amount: u64) -> Value {
    json!({"order_id": order_id(1), "amount": amount, "reference": reference})
}

#[tokio::test]
async fn an_offline_order_waits_for_its_sender_and_makes_no_call() {
    let world = World::offline_order().await;
    assert_eq!(world.types(), ["PaymentRequested"]);
    assert!(world.provider.intents_of(order_id(1).as_str()).is_empty());
    assert_eq!(world.report("bank", "m1", "payment.received", &received(1900)).await, []);
    assert_eq!(world.report("bank", "m1", "payment.received", &received(1900)).await, []);
    assert_eq!(world.report("bank", "m2", "payment.received", &received(1900)).await, []);
    world.work().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn only_its_sender_and_the_exact_amount_pay_the_order() {
    let world = World::offline_order().await;
    assert_eq!(world.report("bank", "m1", "payment.received", &received(1800)).await.len(), 1);
    assert_eq!(world.report("other", "m1", "payment.received", &received(1900)).await.len(), 1);
    assert_eq!(world.types(), ["PaymentRequested"]);
    let by_card = World::after_checkout("pm_card_threeDSecure").await;
    assert_eq!(by_card.report("bank", "m1", "payment.received", &received(1900)).await.len(), 1);
    assert_eq!(by_card.report("bank", "m2", "payment.refunded", &refunded("RF1", 100)).await.len(), 1);
    assert!(!by_card.types().contains(&"OrderPaid".to_owned()));
}

#[tokio::test]
async fn a_report_before_the_order_waits_for_it() {
    let world = World::new();
    assert_eq!(world.report("bank", "m1", "payment.received", &received(1900)).await, []);
    assert_eq!(world.types(), [""; 0]);
    world.place("elsewhere:bank").await;
    assert_eq!(world.apply(vec![world.record_of("PaymentRequested")]).await.unwrap(), []);
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn money_for_a_payment_that_ended_before_it_began_is_dead_lettered() {
    let placed = OrderPlaced { payment_method: "elsewhere:bank".to_owned(), ..testkit::placed() };
    let placed = OrdersEvent::from(placed);
    for is_reported_first in [true, false] {
        let world = World::new();
        if is_reported_first {
            assert_eq!(world.report("bank", "m1", "payment.received", &received(1900)).await, []);
            world.publish(&shipment_cancelled()).await.unwrap();
            for _ in 0..2 {
                let Err(Failure::Reject { reason }) = world.publish(&placed).await else { panic!() };
                assert!(reason.contains("parked#bank.m1"), "{reason}");
            }
        } else {
            world.publish(&shipment_cancelled()).await.unwrap();
            assert_eq!(world.report("bank", "m1", "payment.received", &received(1900)).await.len(), 1);
            world.publish(&placed).await.unwrap();
            assert_eq!(world.report("bank", "m2", "payment.received", &received(1900)).await.len(), 1);
        }
        assert_eq!(world.types(), ["PaymentCancelled"]);
    }
}

#[tokio::test]
async fn an_unpaid_offline_order_expires_and_late_money_is_owed() {
    let world = World::offline_order().await;
    world.publish(&expired()).await.unwrap();
    world.work().await;
    assert_eq!(world.types()[1..], ["PaymentCancellationRequested", "PaymentCancelled"]);
    assert_eq!(world.report("bank", "m1", "payment.received", &received(1900)).await, []);
    assert!(world.payment().await.ledger.has(RefundCause::LateCapture));
}

#[tokio::test]
async fn i1_a_second_payment_of_an_order_is_dead_lettered() {
    let paid = World::offline_order().await;
    paid.report("bank", "m1", "payment.received", &received(1900)).await;
    let ended = World::offline_order().await;
    ended.publish(&expired()).await.unwrap();
    ended.work().await;
    ended.report("bank", "m1", "payment.received", &received(1900)).await;
    for world in [paid, ended] {
        let before = world.types();
        for (id, report) in [("m2", received_as("RF99", 1900)), ("m3", received(500))] {
            let [letter] = &world.report("bank", id, "payment.received", &report).await[..] else { panic!() };
            assert!(letter.reason.contains("received for this order before"), "{}", letter.reason);
        }
        assert_eq!(world.types(), before);
    }
}

#[tokio::test]
async fn i1_an_impossible_refund_report_is_dead_lettered() {
    let world = World::offline_order().await;
    let early = world.report("bank", "m0", "payment.refunded", &refunded("R0", 300)).await;
    assert!(early[0].reason.contains("more was refunded"), "nothing was received yet");
    world.report("bank", "m1", "payment.received", &received(1900)).await;
    assert_eq!(world.report("bank", "m2", "payment.refunded", &refunded("R1", 1000)).await, []);
    let named = |id: &str, amount| {
        let mut report = refunded("R9", amount);
        report["refund_id"] = json!(id);
        report
    };
    for (id, report, wrong) in [
        ("m3", refunded("R2", 1000), "more was refunded"),
        ("m4", refunded("R1", 900), "the amount differs"),
        ("m5", refunded("R3", 0), "nothing"),
        ("m6", named("foreign.R1", 900), "the amount differs"),
        ("m7", named("unknown", 900), "no refund of that id"),
    ] {
        let [letter] = &world.report("bank", id, "payment.refunded", &report).await[..] else {
            panic!("{id}")
        };
        assert!(letter.reason.contains(wrong), "{id}: {}", letter.reason);
    }
    assert_eq!(
        world.report("bank", "m8", "payment.refunded", &refunded("R1", 1000)).await,
        [],
        "a duplicate"
    );
    assert_eq!(world.payment().await.ledger.refunded().units(), 1000);
    assert_eq!(world.report("bank", "m9", "payment.refunded", &refunded("R4", 900)).await, []);
    assert_eq!(world.payment().await.ledger.refunded().units(), 1900);
}

#[tokio::test]
async fn an_offline_refund_is_owed_until_its_sender_reports_it() {
    let world = World::offline_order().await;
    world.report("bank", "m1", "payment.received", &received(1900)).await;
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert!(
        matches!(world.last(), PaymentsEvent::RefundFailed(failed) if failed.code == super::REFUND_OFFLINE)
    );
    let paid_back = json!({"order_id": order_id(1), "amount": 1900, "reference": "RF19"});
    for id in ["m2", "m2", "m3"] {
        assert_eq!(world.report("bank", id, "payment.refunded", &paid_back).await, []);
    }
    let payment = world.payment().await;
    assert_eq!(
        (payment.ledger.refunded(), payment.ledger.captured()),
        (payment.ledger.captured(), testkit::placed().total)
    );
    assert!(matches!(payment.stage, Stage::Paid { .. }));
    assert_eq!(world.types().iter().filter(|name| *name == "PaymentRefunded").count(), 1);
}

#[tokio::test]
async fn an_unrequested_offline_refund_is_recorded_as_paid() {
    let world = World::offline_order().await;
    world.report("bank", "m1", "payment.received", &received(1900)).await;
    let paid_back = json!({"order_id": order_id(1), "amount": 300, "reference": "RF20"});
    assert_eq!(world.report("bank", "m2", "payment.refunded", &paid_back).await, []);
    world.work().await;
    assert_eq!(world.types()[2..], ["RefundRequested", "PaymentRefunded"]);
    assert_eq!(world.payment().await.ledger.refunded().units(), 300);
}

#[tokio::test]
async fn malformed_reports_are_dead_lettered_and_unknown_types_ignored() {
    let world = World::offline_order().await;
    for (id, event_type, data) in [
        ("m1", "payment.received", json!({"order_id": order_id(1), "amount": -1, "currency": "EUR"})),
        ("m2", "payment.received", json!({"order_id": "1", "amount": 1900, "currency": "EUR"})),
        ("m3", "payment.refunded", json!({"order_id": order_id(1), "amount": 1, "reference": "a b"})),
    ] {
        assert_eq!(world.report("bank", id, event_type, &data).await.len(), 1, "{id}");
    }
    assert_eq!(world.report("bank", "m4", "payment.disputed", &json!({})).await, []);
    assert_eq!(world.types(), ["PaymentRequested"]);
}

#[tokio::test]
async fn a_transfer_for_an_order_that_never_comes_fails_after_an_hour() {
    let world = World::new();
    assert_eq!(world.report("bank", "m1", "payment.received", &received(1900)).await, []);
    let record = world.inbox_of(Topic::Payments.source(), "bank.m1");
    world.clock.advance(std::time::Duration::from_mins(59));
    assert_eq!(world.apply(vec![record.clone()]).await.unwrap(), [], "its order may be under way");
    world.clock.advance(std::time::Duration::from_mins(2));
    assert_eq!(world.apply(vec![record]).await.unwrap().len(), 1);
    // An order that comes even later is paid nevertheless.
    world.place("elsewhere:bank").await;
    assert_eq!(world.apply(vec![world.record_of("PaymentRequested")]).await.unwrap(), []);
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[test]
fn a_memo_that_is_not_read_may_hold_anything() {
    let text = format!(
        r#"{{"type": "payment.received", "memo": "\ud83d", "data": {{"order_id": "{}", "amount": 1900, "currency": "EUR",
            "reference": "RF18", "memo": "half \udc00 of a pair", "fee": 1e999}}}}"#,
        order_id(1)
    );
    let report = super::parse("bank.m1", text.as_bytes()).unwrap().unwrap();
    assert_eq!(report.facts.len(), 1);
}
