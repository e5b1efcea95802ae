//! Each term of an order is found once, at the first event that gives it, however it is typed.

use super::*;
use crate::testing::{World, corrected_to, delivered_order, publish};
use event_store::{EventStore, StreamId};
use events::ShippingEvent;
use runtime::queue::Consumer as _;
use testkit::{order_id, sku};

fn key() -> Secret {
    Secret::new("key-1")
}

async fn terms_of_the_first_order(world: &World) -> Vec<(u32, Term)> {
    let store: &dyn EventStore = &*world.table;
    let history = store.history::<Order>(&StreamId::order(&order_id(1))).await.unwrap();
    Term::of(&history, &order_id(1)).into_iter().map(|(first, term)| (first.number(), term)).collect()
}

#[tokio::test]
async fn an_order_is_found_by_its_number_email_day_products_and_codes() {
    let world = World::default();
    world.place(1).await;
    for message in delivered_order() {
        world.track.consume(&message).await.unwrap();
    }
    let corrected = corrected_to("JD 014-6");
    world.track.consume(&publish::<ShippingEvent>(4, corrected)).await.unwrap();
    assert_eq!(
        terms_of_the_first_order(&world).await,
        [
            (1, Term::Number(OrderNumber::of(&order_id(1)))),
            (1, Term::email("a@b.example")),
            (1, Term::Day(jiff::civil::date(2026, 1, 2))),
            (1, Term::Sku(sku("TEA-01"))),
            (6, Term::tracking_code("T1")),
            (8, Term::tracking_code("JD0146")),
        ]
    );
}

#[test]
fn terms_are_compared_as_people_type_them() {
    assert_eq!(Term::email(" Ada@Shop.Example\n"), Term::email("ada@shop.example"));
    assert_eq!(Term::tracking_code("jd-014 60"), Term::tracking_code("JD01460"));
}

#[test]
fn an_address_is_in_no_key_and_cannot_be_found_without_the_secret() {
    let term = Term::email("ada@shop.example");
    let view = Key::new("customer#1", "2026-01-02T03:04:05.000000000Z#1");
    let (item, document) = term.item(&order_id(1), &view, &key());
    let (other, _) = term.item(&order_id(1), &view, &Secret::new("key-2"));
    assert_ne!(item, other);
    for part in [item.to_string(), document.body.to_string()] {
        assert!(!part.contains("ada") && !part.contains("shop.example"), "{part}");
    }
    assert_eq!(term.partitions(&[key()]), [item.pk]);
}

#[test]
fn every_item_is_in_a_partition_that_a_search_reads() {
    let view = Key::new("customer#1", "2026-01-02T03:04:05.000000000Z#1");
    let terms = [
        Term::Number(OrderNumber::of(&order_id(1))),
        Term::email("a@b.example"),
        Term::tracking_code("T1"),
        Term::Sku(sku("TEA-01")),
        Term::Day(jiff::civil::date(2026, 1, 2)),
    ];
    for term in terms {
        for first in 0..16 {
            let id = OrderId::from_digest([first << 4; 16]);
            let (item, document) = term.item(&id, &view, &key());
            assert!(term.partitions(&[key()]).contains(&item.pk), "{item}");
            assert_eq!(view_of(&item, &document).unwrap(), view);
        }
    }
}
