//! The invariants, checked when everything has come to rest: against the provider's own books where there are any.

use crate::shop::{GOODS, Shop};
use event_store::{Counters as _, Documents as _, StreamId};
use events::{Envelope, Event, OrderStatus, OrdersEvent, Service, ShippingEvent};
use orders::{Deadlines, Order, Summary};
use std::collections::{BTreeMap, BTreeSet};
use testkit::sku;

fn total(order: &Order) -> u64 {
    order.placed().expect("a placed order").0.total.units()
}

fn has_left(order: &Order) -> bool {
    matches!(order.status(), OrderStatus::Shipped | OrderStatus::Delivered)
}

pub(crate) async fn i1_money_at_every_end_is_what_was_shipped(shop: &Shop) {
    let mut kept = 0;
    for id in &shop.orders {
        let order = shop.order(id).await;
        let expected = if has_left(&order) { total(&order) } else { 0 };
        let facts = order.facts();
        let (captured, refunded) = (facts.captured().units(), facts.refunded().units());
        assert!(
            refunded <= captured && captured <= total(&order),
            "I1: {id}: {captured} taken, {refunded} back"
        );
        assert_eq!(captured - refunded, expected, "I1: {id} is {:?}", order.status());
        kept += expected;
    }
    let stripe = &shop.world.stripe;
    assert_eq!(stripe.captured() - stripe.refunded(), kept, "I1: the provider's books say otherwise");
}

pub(crate) async fn i2_stock_is_what_it_was_less_what_left(shop: &Shop) {
    let mut left: BTreeMap<String, i64> = BTreeMap::new();
    for id in &shop.orders {
        let order = shop.order(id).await;
        if has_left(&order) {
            for line in &order.placed().expect("a placed order").0.lines {
                *left.entry(line.sku.to_string()).or_default() += i64::from(line.quantity);
            }
        }
    }
    for (name, _, start) in GOODS {
        let counts = shop.world.table(Service::Inventory).counts(&inventory::stock_key(&sku(name))).await;
        let counts = counts.expect("readable").expect("stock");
        let (available, allocated) = (counts.get("available"), counts.get("allocated"));
        assert!(available >= 0, "I2: {name}: {available} available");
        assert_eq!(allocated, 0, "I2: {name}: at rest nothing is allocated");
        assert_eq!(available, start - left.get(name).copied().unwrap_or(0), "I2: {name}");
    }
}

pub(crate) async fn i3_every_order_has_ended_with_nothing_owed(shop: &Shop) {
    for id in &shop.orders {
        let order = shop.order(id).await;
        assert!(!order.facts().is_open(), "I3: {id} is still {:?}", order.status());
        assert_eq!(order.attention(), [], "I3: {id}");
    }
}

pub(crate) fn i4_nothing_is_both_shipped_and_cancelled(shop: &Shop) {
    let mut ends: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for envelope in shop.world.table(Service::Shipping).all_events() {
        match Event::read(&envelope).expect("an event of ours") {
            Event::Shipping(ShippingEvent::Shipped(_)) => {
                ends.entry(envelope.subject).or_default().insert("shipped")
            }
            Event::Shipping(ShippingEvent::ShipmentCancelled(_)) => {
                ends.entry(envelope.subject).or_default().insert("cancelled")
            }
            _ => false,
        };
    }
    for (order, ends) in ends {
        assert_eq!(ends.len(), 1, "I4: {order}: {ends:?}");
    }
}

pub(crate) fn i5_sequences_have_no_gaps(shop: &Shop) {
    for (service, table) in &shop.world.tables {
        let mut next: BTreeMap<String, u32> = BTreeMap::new();
        for envelope in table.all_events() {
            let expected = next.entry(envelope.subject.clone()).or_insert(1);
            assert_eq!(envelope.sequence.number(), *expected, "I5: {service}: {}", envelope.id);
            *expected += 1;
        }
    }
}

pub(crate) fn i6_every_event_was_published_and_nothing_was_set_aside(shop: &Shop) {
    let published: BTreeSet<String> = shop
        .world
        .published
        .iter()
        .map(|publication| {
            serde_json::from_str::<Envelope>(&publication.body).expect("an envelope").id.to_string()
        })
        .collect();
    for table in shop.world.tables.values() {
        for envelope in table.all_events() {
            assert!(published.contains(envelope.id.as_str()), "I6: {} was never published", envelope.id);
        }
    }
    assert_eq!(shop.world.set_aside, [""; 0], "I6: nothing here can be beyond handling");
    i6_every_fact_is_in_the_order_once(shop);
}

fn i6_every_fact_is_in_the_order_once(shop: &Shop) {
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for envelope in shop.world.table(Service::Orders).all_events() {
        if let Event::Orders(OrdersEvent::OrderUpdated(_)) = Event::read(&envelope).expect("an event of ours")
        {
            *told.entry(envelope.causationid.to_string()).or_default() += 1;
        }
    }
    for service in [Service::Payments, Service::Inventory, Service::Shipping] {
        for envelope in shop.world.table(service).all_events() {
            assert_eq!(
                told.get(envelope.id.as_str()),
                Some(&1),
                "I6: {} in the order's history",
                envelope.id
            );
        }
    }
}

pub(crate) async fn i8_every_view_is_the_fold(shop: &Shop) {
    for id in &shop.orders {
        let history = shop.world.store(Service::Orders).history::<Order>(&StreamId::order(id)).await;
        let fold = Summary::document(&history.expect("readable"), id, &Deadlines::default());
        let view = shop.world.views.get(&Summary::key(id)).await.expect("readable");
        assert_eq!(view, fold, "I8: {id}");
    }
}
