//! Views follow the streams, and an older state never overwrites a newer one.

use crate::testing::World;
use crate::{Deadlines, Order, Summary};
use event_store::{Documents as _, EventStore, StreamId};
use events::{InventoryEvent, InventoryUpdated, ShipmentCancelled, ShippingEvent};
use runtime::stream::Reader as _;
use std::sync::Arc;
use testkit::{RequestBuilder as _, customer, lines, order_id, request};

#[tokio::test]
async fn i8_every_view_equals_the_fold_of_its_stream() {
    let world = World::default();
    for n in 1..=3 {
        world.place(n).await;
        world.deliver_to::<InventoryEvent>(n, InventoryUpdated { lines: lines() }).await;
    }
    world.deliver_to::<ShippingEvent>(2, ShipmentCancelled {}).await;
    let store: Arc<dyn EventStore> = world.table.clone();
    for n in 1..=3 {
        let history = store.history::<Order>(&StreamId::order(&order_id(n))).await.unwrap();
        let expected = Summary::document(&history, &order_id(n), &Deadlines::default()).unwrap();
        assert_eq!(world.views.get(&Summary::key(&order_id(n))).await.unwrap(), Some(expected));
    }
}

#[tokio::test]
async fn a_late_batch_does_not_overwrite_a_newer_view() {
    let world = World::default();
    world.place(1).await;
    let early: Vec<_> = world.table.all_events().iter().map(testkit::record).collect();
    world.deliver_to::<InventoryEvent>(1, InventoryUpdated { lines: lines() }).await;
    world.project.read(&early).await.unwrap();
    let list = world.get(request("GET /orders").by(customer())).await.unwrap();
    assert_eq!(list["items"][0]["status"], "allocated");
}
