//! From a webhook to the event, in every order of arrival.

mod disputes;
mod releases;
mod untrusted;
mod verdicts;

use crate::payment::Stage;
use crate::testing::{World, out_of_stock, shipment_cancelled};
use events::{
    Amount, CancelCause, DisputeOutcome, PaymentFailed, PaymentsEvent, RefundCause, RefundRequested,
};
use serde_json::{Value, json};
use testkit::{Fault, order_id};

fn event(id: &str, event_type: &str, object: &Value) -> Value {
    json!({"id": id, "object": "event", "type": event_type, "livemode": false, "data": {"object": object}})
}

#[tokio::test]
async fn the_answer_and_the_webhook_write_one_payment_in_either_order() {
    let world = World::after_checkout("pm_card_visa").await;
    world.deliver_all().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"], "the answer first");

    let world = World::new();
    world.place("pm_card_visa").await;
    world.provider.fail("/confirm", 1, Fault::TimeoutAfter);
    world.provider.fail("GET /v1/payment_intents", 2, Fault::ErrorBefore);
    assert!(world.redeliver("PaymentRequested", 1).await.is_err());
    world.deliver_all().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"], "the webhook first");
    world.redeliver("PaymentRequested", 2).await.unwrap();
    assert_eq!(world.types().len(), 2);
    assert_eq!(world.provider.charges(), 1);
}

#[tokio::test]
async fn a_duplicate_webhook_is_applied_once() {
    let world = World::new();
    world.place("pm_card_visa").await;
    assert!(world.provider.pay_externally(&world.intent()));
    let events = world.provider.take_events();
    for _ in 0..2 {
        assert_eq!(world.deliver(&events[0]).await, []);
    }
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn three_d_secure_completes_by_webhook() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.provider.authenticate(&world.intent(), true);
    world.deliver_all().await;
    assert_eq!(world.types(), ["PaymentRequested", "PaymentActionRequired", "OrderPaid"]);
}

#[tokio::test]
async fn a_failed_authentication_ends_the_payment() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.provider.authenticate(&world.intent(), false);
    world.deliver_all().await;
    world.work().await;
    world.deliver_all().await;
    assert_eq!(world.last(), PaymentFailed { code: "authentication_required".to_owned() }.into());
    assert_eq!(
        world.types(),
        ["PaymentRequested", "PaymentActionRequired", "PaymentCancellationRequested", "PaymentFailed"]
    );
}

#[tokio::test]
async fn a_decline_is_written_once_from_either_source() {
    let world = World::after_checkout("pm_card_chargeCustomerFail").await;
    world.deliver_all().await;
    assert_eq!(world.types(), ["PaymentRequested", "PaymentCancellationRequested", "PaymentFailed"]);
}

#[tokio::test]
async fn a_webhook_before_its_order_waits_for_it() {
    let world = World::new();
    let order = order_id(1);
    let intent = json!({
        "id": "pi_1", "status": "succeeded", "amount_received": 1900, "currency": "eur",
        "metadata": {"order_id": order.as_str(), "stack": "conveyor"},
    });
    assert_eq!(world.deliver(&event("evt_1", "payment_intent.succeeded", &intent)).await, []);
    let without_metadata =
        json!({"id": "re_1", "status": "succeeded", "amount": 400, "payment_intent": "pi_1"});
    assert_eq!(world.deliver(&event("evt_2", "refund.created", &without_metadata)).await, []);
    assert!(world.types().is_empty());

    let terms = events::PaymentRequested {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: testkit::eur(),
        lines: testkit::lines(),
        customer: testkit::customer(),
        pay_by: testkit::now(),
        confirm: events::Confirm::Server,
    };
    let intent = crate::provider::IntentId::try_from("pi_1").unwrap();
    intent.map_to(&*world.table, &order).await.unwrap();
    let envelope = testkit::envelope(&order, 1, &PaymentsEvent::from(terms));
    let stream = event_store::StreamId::order(&order);
    event_store::EventStore::append(&*world.table, &stream, &envelope).await.unwrap();
    for _ in 0..3 {
        assert_eq!(world.apply(vec![world.record_of("PaymentRequested")]).await.unwrap(), []);
    }
    // The foreign refund is recorded first, and settled by the next delivery of the webhook.
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid", "RefundRequested", "PaymentRefunded"]);
}

#[tokio::test]
async fn events_of_another_stack_are_ignored() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    let intent = json!({
        "id": world.intent(), "status": "succeeded", "amount_received": 1900, "currency": "eur",
        "metadata": {"order_id": order_id(1).as_str(), "stack": "another"},
    });
    assert_eq!(world.deliver(&event("evt_1", "payment_intent.succeeded", &intent)).await, []);
    assert_eq!(world.types().len(), 2);
}

#[tokio::test]
async fn only_the_recorded_intent_with_equal_amount_and_currency_pays() {
    for (id, amount, currency) in [(None, 1899, "eur"), (None, 1900, "chf"), (Some("pi_other"), 1900, "eur")]
    {
        let world = World::after_checkout("pm_card_threeDSecure").await;
        let intent = json!({
            "id": id.map_or_else(|| world.intent(), str::to_owned), "status": "succeeded",
            "amount": amount, "amount_received": amount, "currency": currency,
            "metadata": {"order_id": order_id(1).as_str(), "stack": "conveyor"},
        });
        let letters = world.deliver(&event("evt_1", "payment_intent.succeeded", &intent)).await;
        assert_eq!(letters.len(), 1, "{amount} {currency} is dead-lettered");
        assert_eq!(world.types().len(), 2);
    }
}

#[tokio::test]
async fn types_without_meaning_are_ignored() {
    let world = World::after_checkout("pm_card_visa").await;
    for (n, kind) in ["customer.created", "charge.refunded", "payment_intent.created"].into_iter().enumerate()
    {
        assert_eq!(world.deliver(&event(&format!("evt_x{n}"), kind, &json!({"id": "x"}))).await, []);
    }
    assert_eq!(world.types().len(), 2);
}

#[tokio::test]
async fn an_unreadable_object_does_not_block_the_others() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.provider.take_events();
    world.provider.authenticate(&world.intent(), true);
    let good = world.provider.take_events().remove(0);
    let broken = event("evt_broken", "payment_intent.succeeded", &json!({"id": 7}));
    for body in [&broken, &good] {
        world.receive(world.signed(body.to_string().as_bytes())).await.unwrap();
    }
    let records = vec![world.inbox("evt_broken"), world.inbox(good["id"].as_str().unwrap())];
    let letters = world.apply(records).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(matches!(world.payment().await.stage, Stage::Paid { .. }));
}

#[tokio::test]
async fn a_late_capture_reported_by_webhook_is_refunded() {
    let world = World::new();
    world.place("pm_card_visa").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    assert!(world.provider.pay_externally(&world.intent()));
    world.deliver_all().await;
    world.work().await;
    world.deliver_all().await;
    let expected = ["PaymentRequested", "PaymentCancellationRequested", "RefundRequested", "PaymentRefunded"];
    assert_eq!(world.types(), expected);
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn an_intent_cancelled_in_the_dashboard_fails_the_payment() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.provider.cancel_in_dashboard(&world.intent());
    world.deliver_all().await;
    assert_eq!(world.last(), PaymentFailed { code: "payment_intent_canceled".to_owned() }.into());
}

#[tokio::test]
async fn a_webhook_confirms_a_cancellation_too() {
    let world = World::after_checkout("pm_card_threeDSecure").await;
    world.publish(&shipment_cancelled()).await.unwrap();
    world.provider.cancel_in_dashboard(&world.intent());
    world.deliver_all().await;
    assert!(matches!(world.payment().await.stage, Stage::Cancelled { cause: CancelCause::Cancelled, .. }));
    world.redeliver("PaymentCancellationRequested", 1).await.unwrap();
    assert_eq!(world.types().len(), 4);
}

#[tokio::test]
async fn a_pending_refund_is_closed_by_webhook() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.hold_refunds(true);
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    world.provider.settle_refund(&world.provider.refunds_of(&world.intent())[0], true);
    world.deliver_all().await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded");
}

#[tokio::test]
async fn a_refund_that_fails_later_is_requested_again() {
    let world = World::after_checkout("pm_card_visa").await;
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    world.provider.settle_refund(&world.provider.refunds_of(&world.intent())[0], false);
    world.deliver_all().await;
    assert_eq!(world.types().last().unwrap(), "RefundFailed");
    world.work().await;
    world.deliver_all().await;
    assert_eq!(world.types().last().unwrap(), "PaymentRefunded");
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(1900));
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn a_dashboard_refund_is_recorded_and_not_made_again() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.refund_in_dashboard(&world.intent(), 400).unwrap();
    world.deliver_all().await;
    let PaymentsEvent::RefundRequested(RefundRequested { cause, amount, .. }) = world.last() else {
        panic!()
    };
    assert_eq!((cause, amount), (RefundCause::Foreign, Amount::minor(400)));
    world.work().await;
    world.deliver_all().await;
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(400));
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(
        (world.provider.refunded(), world.payment().await.ledger.refunded()),
        (1900, Amount::minor(1900))
    );
    assert_eq!(world.provider.refunds_of(&world.intent()).len(), 2);
}

#[tokio::test]
async fn a_second_refund_under_our_id_is_recorded_too() {
    let world = World::after_checkout("pm_card_visa").await;
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    world.deliver_all().await;
    let second = json!({
        "id": "re_second", "status": "succeeded", "amount": 300, "payment_intent": world.intent(),
        "metadata": {"order_id": order_id(1).as_str(), "stack": "conveyor", "refund_id": "out_of_stock"},
    });
    for id in ["evt_s1", "evt_s2"] {
        assert_eq!(world.deliver(&event(id, "refund.updated", &second)).await, []);
    }
    assert_eq!(
        world.payment().await.ledger.refunded(),
        Amount::minor(2200),
        "it counts, even above what was captured"
    );
    let failed = json!({"status": "failed", "failure_reason": "lost_card"});
    let mut reversed = second.clone();
    reversed.as_object_mut().unwrap().extend(failed.as_object().unwrap().clone());
    assert_eq!(world.deliver(&event("evt_s3", "refund.failed", &reversed)).await, []);
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(1900), "the first one still counts");
}

#[tokio::test]
async fn a_concurrent_dashboard_refund_lowers_what_is_owed() {
    let world = World::after_checkout("pm_card_visa").await;
    world.publish(&out_of_stock()).await.unwrap();
    world.provider.refund_in_dashboard(&world.intent(), 400).unwrap();
    world.deliver_all().await;
    world.work().await;
    world.work().await;
    assert_eq!(
        (world.provider.refunded(), world.payment().await.ledger.refunded()),
        (1900, Amount::minor(1900))
    );
}

#[tokio::test]
async fn the_disputed_amount_is_refunded_once_the_dispute_is_won() {
    let world = World::after_checkout("pm_card_visa").await;
    let dispute = world.provider.dispute(&world.intent(), 1900);
    world.deliver_all().await;
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(world.provider.refunded(), 0);
    world.provider.close_dispute(&dispute, true);
    world.deliver_all().await;
    world.work().await;
    world.redeliver("PaymentDisputed", 2).await.unwrap();
    assert_eq!(
        (world.provider.refunded(), world.types().last().map(String::as_str)),
        (1900, Some("PaymentRefunded"))
    );
}

#[tokio::test]
async fn a_dispute_only_moves_forward() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.take_events();
    let dispute = world.provider.dispute(&world.intent(), 1900);
    world.provider.close_dispute(&dispute, false);
    for event in world.provider.take_events().iter().rev() {
        assert_eq!(world.deliver(event).await, []);
    }
    let PaymentsEvent::PaymentDisputed(last) = world.last() else { panic!() };
    assert_eq!((last.dispute_id, last.outcome), (dispute, DisputeOutcome::Lost));
    world.work().await;
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(world.payment().await.ledger.refundable(), Amount::ZERO);
    assert_eq!(world.provider.calls("POST /v1/refunds"), 0, "the bank holds the money already");
}
