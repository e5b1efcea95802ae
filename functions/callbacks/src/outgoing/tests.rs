//! The types, ids and bodies of outgoing messages.

use super::*;
use crate::testing::updated;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::{envelope, order_id};

fn messages(sequence: u32, event: &OrdersEvent) -> Vec<Outgoing> {
    let envelope = envelope(&order_id(1), sequence, event);
    outgoing(&envelope, &Event::read(&envelope).unwrap()).unwrap()
}

/// Every fact, read from the source of the `events` crate.
fn every_fact() -> Vec<Because> {
    let source = include_str!("../../../../shared/events/src/orders.rs");
    let (_, names) = source.split_once("pub enum Because {").unwrap();
    let (names, _) = names.split_once('}').unwrap();
    let names = names.lines().map(str::trim).filter_map(|line| line.strip_suffix(','));
    let wire = names.map(|name| if name == "Deadline" { "deadline" } else { name });
    wire.map(|name| serde_json::from_value(json!(name)).unwrap()).collect()
}

#[test]
fn every_fact_has_its_own_type_and_every_type_is_listed() {
    let facts = every_fact();
    assert!(facts.len() >= 28, "the facts were not found in the source: {facts:?}");
    let mut kinds: BTreeSet<&str> = facts.iter().map(|because| kind_of(*because)).collect();
    assert_eq!(kinds.len(), facts.len());
    kinds.extend(["order.placed", "order.cancelled", "order.expired"]);
    assert_eq!(kinds, BTreeSet::from(TYPES));
    let is_plain = |kind: &&str| kind.bytes().all(|b| matches!(b, b'a'..=b'z' | b'.' | b'_'));
    assert!(TYPES.iter().all(is_plain));
}

#[test]
fn the_guide_lists_every_type() {
    let readme = include_str!("../../../../docs/webhooks.md");
    let missing: Vec<_> = TYPES.iter().filter(|kind| !readme.contains(&format!("`{kind}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn order_placed_holds_nothing_personal() {
    let placed = OrdersEvent::from(testkit::placed());
    let sent = messages(1, &placed);
    let [message] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(message.kind, "order.placed");
    let body: Value = serde_json::from_str(&message.body).unwrap();
    let order = order_id(1);
    let detail = json!({
        "items": [{"sku": "TEA-01", "quantity": 2, "unit_price": 950}],
        "total": 1900, "currency": "EUR", "pay_by": "2026-01-02T03:34:05Z",
    });
    let data = json!({
        "order_id": order.as_str(), "number": "0000-0000-000", "status": "placed", "attention": [], "because": "OrderPlaced",
        "detail": detail, "sequence": 1,
    });
    let whole = json!({"type": "order.placed", "timestamp": "2026-01-02T03:04:05Z", "data": data});
    assert_eq!(body, whole);
    for personal in ["customer", "a@b.example", "+4179", "Person", "Street", "Bern", "3000", "pm_card"] {
        assert!(!message.body.contains(personal), "{personal}");
    }
}

#[test]
fn the_id_is_derived_from_the_event_and_has_no_dots() {
    let paid = updated(Because::OrderPaid, OrderStatus::Paid);
    let ids = [messages(2, &paid), messages(2, &paid), messages(3, &paid)].map(|sent| sent[0].id.clone());
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert!(ids[0].starts_with("msg_") && !ids[0].contains('.'));
    assert_ne!(messages(1, &OrdersEvent::from(testkit::placed()))[0].id, ids[0]);
}

#[test]
fn the_end_of_an_order_is_sent_once_whichever_fact_completes_it() {
    let facts = [Because::StockReleased, Because::PaymentCancelled];
    let sent = facts.map(|because| messages(5, &updated(because, OrderStatus::Cancelled)));
    for both in &sent {
        assert_eq!(both.iter().filter(|message| message.kind == "order.cancelled").count(), 1);
        assert_eq!(both.len(), 2);
    }
    assert_eq!(sent[0][1].id, sent[1][1].id, "the same whichever fact comes last");
    assert_ne!(sent[0][0].id, sent[0][1].id);
    let expired = messages(5, &updated(Because::PaymentCancelled, OrderStatus::Expired));
    assert_eq!(
        expired.iter().map(|m| m.kind).collect::<Vec<_>>(),
        ["order.payment_cancelled", "order.expired"]
    );
    assert_ne!(expired[1].id, sent[0][1].id);
}

#[test]
fn the_ends_with_a_webhook_of_their_own_are_those_that_an_explanation_looks_for() {
    assert_eq!([OrderStatus::Cancelled, OrderStatus::Expired].map(end_of), ENDS.map(Some));
}

#[test]
fn an_event_that_concerns_no_receiver_makes_no_message() {
    let other: OrdersEvent = events::OrderExpired { pay_by: testkit::now() }.into();
    let envelope = envelope(&order_id(1), 1, &other);
    assert_eq!(outgoing(&envelope, &Event::read(&envelope).unwrap()), Ok(Vec::new()));
}

#[test]
fn every_amount_has_its_currency_beside_it() {
    let detail = Detail {
        amount: Some(Amount::minor(5000)),
        currency: Some(Currency::try_from("ISK").unwrap()),
        ..Detail::default()
    };
    let refunded = OrderUpdated {
        because: Because::PaymentRefunded,
        status: OrderStatus::Paid,
        attention: vec![],
        detail,
        paid: true,
        quiet: false,
    };
    let body: Value = serde_json::from_str(&messages(5, &refunded.into())[0].body).unwrap();
    assert_eq!(body["data"]["detail"], json!({"amount": 5000, "currency": "ISK"}));
}
