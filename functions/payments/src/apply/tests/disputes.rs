//! Disputes and inquiries, by every event that reports them and in any order.

use crate::testing::{World, out_of_stock};
use events::{Amount, DisputeOutcome, PaymentsEvent};
use serde_json::{Value, json};

fn dispute(id: &str, kind: &str, status: &str, intent: &str) -> Value {
    json!({"id": id, "object": "event", "type": format!("charge.dispute.{kind}"), "livemode": false, "data": {"object": {
        "id": "dp_1", "object": "dispute", "status": status, "amount": 1900, "currency": "eur", "charge": "ch_1",
        "payment_intent": intent, "evidence_details": {"due_by": 1_768_521_599},
    }}})
}

/// Every order of the items.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(place);
        all.extend(orders(&rest).into_iter().map(|mut order| {
            order.insert(0, first.clone());
            order
        }));
    }
    all
}

#[tokio::test]
async fn an_inquiry_holds_no_money_and_ends() {
    let world = World::after_checkout("pm_card_visa").await;
    let inquiry = world.provider.inquire(&world.intent(), 1900);
    world.deliver_all().await;
    let PaymentsEvent::PaymentDisputed(opened) = world.last() else { panic!() };
    assert_eq!((opened.inquiry, opened.outcome), (true, DisputeOutcome::Opened));
    assert_eq!(opened.evidence_due_by.unwrap().to_string(), "2026-01-15T23:59:59Z");
    assert_eq!(world.payment().await.ledger.refundable(), Amount::minor(1900));
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(world.provider.refunded(), 1900, "nothing is held");
    world.provider.close_inquiry(&inquiry);
    world.provider.take_events();
    assert_eq!(world.deliver(&dispute("evt_closed", "closed", "warning_closed", &world.intent())).await, []);
    let types = world.types();
    world.work().await;
    assert_eq!(world.types(), types, "its end leads to nothing");
}

#[tokio::test]
async fn whatever_order_the_events_of_a_dispute_have_the_ledger_ends_the_same() {
    let (warned, opened) = (("created", "warning_needs_response"), ("updated", "needs_response"));
    let (reviewed, withdrawn) = (("updated", "under_review"), ("funds_withdrawn", "needs_response"));
    let stories = [
        (vec![warned, ("updated", "warning_under_review"), ("closed", "warning_closed")], 0),
        (vec![warned, opened, withdrawn], 1900),
        (vec![warned, ("funds_withdrawn", "warning_needs_response")], 1900),
        (vec![("closed", "warning_closed"), opened, withdrawn], 1900),
        (vec![warned, opened, withdrawn, ("closed", "lost")], 1900),
        (vec![opened, reviewed, ("funds_reinstated", "won"), ("closed", "won")], 0),
        (vec![withdrawn, ("closed", "charge_refunded")], 0),
    ];
    for (story, held) in stories {
        for order in orders(&story) {
            let world = World::after_checkout("pm_card_visa").await;
            for (n, (kind, status)) in order.iter().enumerate() {
                for copy in 0..2 {
                    let event = dispute(&format!("evt_d{n}{copy}"), kind, status, &world.intent());
                    assert_eq!(world.deliver(&event).await, [], "{order:?}");
                }
            }
            assert_eq!(world.payment().await.ledger.held(), Amount::minor(held), "{order:?}");
        }
    }
}

#[tokio::test]
async fn no_refund_is_made_beside_a_dispute() {
    for withdraws_first in [true, false] {
        let world = World::after_checkout("pm_card_visa").await;
        let inquiry = world.provider.inquire(&world.intent(), 1900);
        world.deliver_all().await;
        world.provider.escalate(&inquiry);
        let mut events = world.provider.take_events();
        if withdraws_first {
            events.reverse();
        }
        // The order fails before the bank's events arrive, and the refund is made after them.
        world.publish(&out_of_stock()).await.unwrap();
        for event in &events {
            assert_eq!(world.deliver(event).await, []);
        }
        world.work().await;
        assert_eq!((world.provider.refunded(), world.provider.calls("POST /v1/refunds")), (0, 0));
        world.provider.decide_dispute(&inquiry, true);
        world.deliver_all().await;
        world.work().await;
        assert_eq!(world.provider.refunded(), 1900);
    }
}

#[tokio::test]
async fn a_dispute_that_was_decided_both_ways_needs_an_operator() {
    let world = World::after_checkout("pm_card_visa").await;
    assert_eq!(world.deliver(&dispute("evt_1", "closed", "won", &world.intent())).await, []);
    assert_eq!(world.deliver(&dispute("evt_2", "closed", "lost", &world.intent())).await.len(), 1);
    assert_eq!(world.deliver(&dispute("evt_3", "updated", "of_next_year", &world.intent())).await.len(), 1);
}

#[tokio::test]
async fn a_refund_or_dispute_in_another_currency_is_not_booked() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.take_events();
    let before = world.payment().await;
    let mut event = dispute("evt_1", "created", "needs_response", &world.intent());
    event["data"]["object"]["currency"] = json!("usd");
    assert_eq!(world.deliver(&event).await.len(), 1);
    let refund = json!({"id": "re_1", "status": "succeeded", "amount": 400, "currency": "usd", "payment_intent": world.intent()});
    let event = json!({
        "id": "evt_2", "object": "event", "type": "refund.created", "livemode": false, "data": {"object": refund},
    });
    assert_eq!(world.deliver(&event).await.len(), 1);
    assert_eq!(world.payment().await, before);
}

#[tokio::test]
async fn a_refund_or_dispute_of_another_intent_is_not_booked() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.take_events();
    let before = world.payment().await;
    let order = testkit::order_id(1);
    let metadata = json!({"order_id": order.as_str(), "stack": "conveyor", "refund_id": "out_of_stock"});
    let refund = json!({
        "id": "re_1", "status": "succeeded", "amount": 400, "currency": "eur", "payment_intent": "pi_other",
        "metadata": metadata,
    });
    let event = json!({
        "id": "evt_1", "object": "event", "type": "refund.created", "livemode": false, "data": {"object": refund},
    });
    assert_eq!(world.deliver(&event).await.len(), 1);
    let other = crate::provider::IntentId::try_from("pi_other").unwrap();
    other.map_to(&*world.table, &order).await.unwrap();
    assert_eq!(world.deliver(&dispute("evt_2", "created", "needs_response", "pi_other")).await.len(), 1);
    assert_eq!(world.payment().await, before);
}

/// Old API versions list the refunds of a charge; others expand what a newer one names by its id.
#[tokio::test]
async fn both_shapes_of_an_event_are_understood() {
    let world = World::after_checkout("pm_card_visa").await;
    let refund = |intent: Value| {
        json!({"id": "re_1", "object": "refund", "status": "succeeded", "amount": 400, "currency": "eur", "payment_intent": intent,
               "metadata": {}})
    };
    let intent = world.intent();
    let of_charge = json!({"id": "ch_1", "object": "charge", "payment_intent": intent, "amount_refunded": 400,
                           "refunds": {"object": "list", "data": [refund(json!(intent))]}, "metadata": {}});
    let event = |id: &str, kind: &str, object: Value| json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}});
    assert_eq!(world.deliver(&event("evt_1", "charge.refunded", of_charge.clone())).await, []);
    let expanded = refund(json!({"id": intent, "object": "payment_intent"}));
    for id in ["evt_2", "evt_3"] {
        assert_eq!(world.deliver(&event(id, "refund.updated", expanded.clone())).await, []);
    }
    assert_eq!(world.deliver(&event("evt_4", "charge.refunded", of_charge)).await, []);
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(400));
    let mut disputed = dispute("evt_5", "created", "needs_response", &intent);
    disputed["data"]["object"]["payment_intent"] = Value::Null;
    disputed["data"]["object"]["charge"] = json!({"id": "ch_1", "payment_intent": intent});
    assert_eq!(world.deliver(&disputed).await, []);
    assert_eq!(world.payment().await.ledger.held(), Amount::minor(1900));
}
