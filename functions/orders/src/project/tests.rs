//! Views follow the streams, and an older state never overwrites a newer one.

use crate::testing::{
    DAY, MINUTE, World, after, corrected_to, delivered_order, email_key, order_paid, page_request,
    payment_requested, publish, shipped,
};
use crate::{Deadlines, Order, Summary, Term};
use async_trait::async_trait;
use event_store::{Documents as _, EventStore, Memory, StreamId};
use events::{InventoryEvent, InventoryUpdated, PaymentsEvent, ShipmentCancelled, ShippingEvent};
use outbound::Secret;
use resilience::Failure;
use runtime::queue::Consumer as _;
use runtime::stream::Reader as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{
    Effect, Gate, GateDecision, Gated, RequestBuilder as _, customer, lines, order_id, placed, request,
};

#[tokio::test]
async fn i8_every_view_equals_the_fold_of_its_stream() {
    let world = World::default();
    for n in 1..=3 {
        world.place(n).await;
        world.deliver_to::<InventoryEvent>(n, InventoryUpdated::unsharded(lines())).await;
    }
    world.deliver_to::<ShippingEvent>(2, ShipmentCancelled {}).await;
    let store: Arc<dyn EventStore> = world.table.clone();
    for n in 1..=3 {
        let history = store.history::<Order>(&StreamId::order(&order_id(n))).await.unwrap();
        let expected = Summary::document(&history, &order_id(n), &Deadlines::default()).unwrap();
        let key = Summary::key(&order_id(n), &history.state).unwrap();
        assert_eq!(world.views.get(&key).await.unwrap(), Some(expected));
    }
}

#[tokio::test]
async fn i8_the_look_up_items_are_those_of_the_streams() {
    let world = World::default();
    for n in 1..=2 {
        world.place(n).await;
        world.deliver_to::<ShippingEvent>(n, shipped()).await;
    }
    world.deliver_to::<ShippingEvent>(2, corrected_to("T2")).await;
    let store: Arc<dyn EventStore> = world.table.clone();
    let rebuilt = Memory::default();
    for n in 1..=2 {
        let id = order_id(n);
        let history = store.history::<Order>(&StreamId::order(&id)).await.unwrap();
        let view = Summary::key(&id, &history.state).unwrap();
        for (_, term) in Term::of(&history, &id) {
            let (key, item) = term.item(&id, &view, &Secret::new("key-1"));
            rebuilt.put(&key, &item).await.unwrap();
        }
    }
    let mut rebuilt: Vec<String> =
        rebuilt.all_documents().into_iter().map(|(key, item)| format!("{key}: {}", item.body)).collect();
    rebuilt.sort();
    assert_eq!(rebuilt.len(), 11, "five of each order, and the corrected code");
    assert_eq!(world.look_ups(), rebuilt);
}

/// Counts the unconditional writes.
#[derive(Default)]
struct Puts(AtomicUsize);

#[async_trait]
impl Gate for Puts {
    async fn before(&self, name: &'static str, _: Effect) -> GateDecision {
        self.0.fetch_add(usize::from(name == "documents.put"), Ordering::Relaxed);
        GateDecision::Pass
    }

    async fn after(&self, _: &'static str, _: Effect) {}
}

#[tokio::test]
async fn each_look_up_item_is_written_once() {
    let mut world = World::default();
    let puts = Arc::new(Puts::default());
    world.project.views = Gated::new(puts.clone(), world.views.clone());
    world.append_only(&order_id(1), placed()).await;
    for message in delivered_order() {
        world.track.consume(&message).await.unwrap();
    }
    // It is no news to a list.
    world.track.consume(&publish::<ShippingEvent>(9, corrected_to("T2"))).await.unwrap();
    // Each event comes in a batch of its own, and the code is named by the label and by the dispatch.
    for envelope in world.table.all_events() {
        world.project.read(&[testkit::record(&envelope)]).await.unwrap();
    }
    assert_eq!(world.look_ups().len(), 6);
    assert_eq!(puts.0.load(Ordering::Relaxed), 6);
}

#[tokio::test]
async fn without_the_key_nothing_is_lost() {
    let mut world = World::default();
    world.project.email_key = email_key("");
    world.append_only(&order_id(1), placed()).await;
    let records: Vec<_> = world.table.all_events().iter().map(testkit::record).collect();
    let failure = world.project.read(&records).await.unwrap_err();
    assert!(matches!(failure, Failure::Retry { .. }), "{failure:?}");
    world.project.email_key = email_key("key-1");
    world.project.read(&records).await.unwrap();
    assert_eq!(world.look_ups().len(), 4);
}

#[tokio::test]
async fn an_event_that_changes_nothing_in_the_view_is_not_written_to_it() {
    let world = World::default();
    world.place(1).await;
    let before = world.views.all_documents();
    world.wait(MINUTE);
    world.track.consume(&publish::<PaymentsEvent>(1, payment_requested())).await.unwrap();
    let update = testkit::record(world.table.all_events().last().unwrap());
    world.project.read(&[update]).await.unwrap();
    assert_eq!(world.views.all_documents(), before, "the request of a payment is no news to a list");
    let page = world.get(page_request(1).by(customer())).await.unwrap();
    assert_eq!(page["timeline"].as_array().unwrap().len(), 2);
    assert_eq!(page["updated_at"], page["placed_at"]);

    world.track.consume(&publish::<PaymentsEvent>(2, order_paid())).await.unwrap();
    world.project().await;
    let list = world.get(request("GET /orders").by(customer())).await.unwrap();
    let page = world.get(page_request(1).by(customer())).await.unwrap();
    assert_eq!(list["items"][0]["status"], "paid");
    assert_eq!(list["items"][0]["updated_at"], page["updated_at"]);
}

/// The deadline of the only view.
fn looked_at(world: &World) -> String {
    let (_, view) = world.stored_views().pop().unwrap();
    view.attributes.iter().find(|(name, _)| *name == "deadline").unwrap().1.clone()
}

#[tokio::test]
async fn within_the_time_to_pay_the_view_stays_where_the_sweep_finds_it() {
    let world = World::default();
    world.place(1).await;
    let to_pay = after(30 * MINUTE).to_string();
    assert_eq!(looked_at(&world), to_pay);
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<InventoryEvent>(InventoryUpdated::unsharded(lines())).await;
    assert_eq!(looked_at(&world), to_pay);

    world.wait(31 * MINUTE);
    assert_eq!(world.sweep().await, (1, 0));
    assert_eq!(looked_at(&world), after(3 * DAY).to_string(), "the deadline of an allocated order");
    assert_eq!(world.sweep().await, (0, 0));
    world.wait(3 * DAY);
    assert_eq!(world.sweep().await, (1, 1), "it is stuck");
}

#[tokio::test]
async fn the_key_of_a_view_does_not_name_its_customer() {
    let world = World::default();
    world.place(1).await;
    let (key, _) = world.stored_views().pop().unwrap();
    assert!(!key.to_string().contains(&customer().subject), "{key}");
}

#[tokio::test]
async fn a_sweep_never_overwrites_a_newer_view() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    let store: Arc<dyn EventStore> = world.table.clone();
    let history = store.history::<Order>(&StreamId::order(&order_id(1))).await.unwrap();
    let swept = Summary::swept(&history, &order_id(1), &Deadlines::default()).unwrap();
    world.deliver::<InventoryEvent>(InventoryUpdated::unsharded(lines())).await;
    let key = Summary::key(&order_id(1), &history.state).unwrap();
    assert!(!world.views.put_newer(&key, &swept).await.unwrap());
}

#[tokio::test]
async fn a_late_batch_does_not_overwrite_a_newer_view() {
    let world = World::default();
    world.place(1).await;
    let early: Vec<_> = world.table.all_events().iter().map(testkit::record).collect();
    world.deliver_to::<InventoryEvent>(1, InventoryUpdated::unsharded(lines())).await;
    world.project.read(&early).await.unwrap();
    let list = world.get(request("GET /orders").by(customer())).await.unwrap();
    assert_eq!(list["items"][0]["status"], "allocated");
}
