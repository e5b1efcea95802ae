//! Tracking codes typed by the warehouse: each belongs to one order as long as that order may use it.

use super::{begun, status, typed_code};
use crate::ShipmentStatus;
use crate::testing::{Uneven, World, cancel};
use async_trait::async_trait;
use event_store::{AppendError, Documents as _, EventStore, Memory, StoreError, StreamId};
use events::{Envelope, OrderId, Provider, ShipmentCancelled, ShippingEvent};
use runtime::http::{Endpoint as _, Problem, Reply};
use serde_json::json;
use std::sync::Arc;
use testkit::{RequestBuilder as _, cause, now, order_id, request};

#[tokio::test]
async fn a_code_of_another_order_is_a_conflict() {
    let (world, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    world.begin(&other).await;
    assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 202);
    let problem =
        super::post(&world, &other, "dispatch", json!({"carrier": "POST", "tracking_code": "99-1"}))
            .await
            .unwrap_err();
    assert_eq!(
        (problem.status, problem.detail.as_str()),
        (409, "this tracking code belongs to another order")
    );
    assert_eq!(world.shipment(&other).await.status(), ShipmentStatus::Requested);
    assert_eq!(
        status(&world, &other, "dispatch", json!({"carrier": "Post", "tracking_code": "99-2"})).await,
        202
    );
}

/// Carriers reuse codes, so the code of a parcel that arrived, or is back, may be typed again. One under way may not.
#[tokio::test]
async fn a_code_is_free_once_its_parcel_arrived_or_is_back() {
    for (verb, body) in [("deliver", json!({})), ("return", json!({"restock": true}))] {
        let (world, order) = begun(Provider::Warehouse).await;
        let (second, third) = (order_id(2), order_id(3));
        world.begin(&second).await;
        world.begin(&third).await;
        let spelled = json!({"carrier": "post", "tracking_code": "99 1"});
        assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 202);
        assert_eq!(status(&world, &second, "dispatch", spelled.clone()).await, 409, "it is under way");
        assert_eq!(status(&world, &order, verb, body).await, 202);
        assert_eq!(status(&world, &second, "dispatch", spelled).await, 202);
        assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 200, "a repeat claims nothing");
        assert_eq!(status(&world, &third, "dispatch", typed_code()).await, 409, "it is under way again");
        let parcel = crate::Parcel { carrier: "Post".to_owned(), tracking_code: "99-1".to_owned() };
        assert_eq!(crate::tracking::order_of(&*world.memory, &parcel).await, Ok(Some(second)), "{verb}");
    }
}

#[tokio::test]
async fn a_code_that_an_older_version_mapped_belongs_to_its_order() {
    let (world, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    world.begin(&other).await;
    let key = event_store::Key::new("tracking#POST#99-1", "order");
    let mapped = event_store::Document::of(&json!({ "order_id": order }));
    world.memory.put(&key, &mapped).await.unwrap();
    assert_eq!(status(&world, &other, "dispatch", typed_code()).await, 409);
    assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 202);
}

/// A table on which a cancellation is always appended first.
struct Overtaken(Arc<Memory>);

#[async_trait]
impl EventStore for Overtaken {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        self.0.read(stream).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        let event = ShippingEvent::from(ShipmentCancelled {});
        let cancelled = Envelope::wrap(&envelope.subject, envelope.sequence, now(), &cause(), &event);
        self.0.append(stream, &cancelled).await?;
        self.0.append(stream, envelope).await
    }
}

async fn dispatch(world: &World, store: Arc<dyn EventStore>, order: &OrderId) -> Result<Reply, Problem> {
    let dispatch = request("POST /shipments/{order_id}/dispatch").by_admin().path("order_id", order.as_str());
    world.manage_on(store).answer(dispatch.json(&typed_code())).await
}

#[tokio::test]
async fn a_dispatch_that_loses_against_a_cancellation_keeps_no_code() {
    let (world, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    world.begin(&other).await;
    let lost = dispatch(&world, Arc::new(Overtaken(world.memory.clone())), &order).await.unwrap_err();
    assert_eq!((lost.status, lost.detail.as_str()), (409, "the shipment is cancelled"));
    assert_eq!(status(&world, &other, "dispatch", typed_code()).await, 202);
    world.run().await;
    let parcel = crate::Parcel { carrier: "Post".to_owned(), tracking_code: "99-1".to_owned() };
    assert_eq!(crate::tracking::order_of(&*world.memory, &parcel).await, Ok(Some(other.clone())));
    assert_eq!(status(&world, &other, "dispatch", typed_code()).await, 200);
}

#[tokio::test]
async fn the_code_of_a_dispatch_that_crashed_is_kept_until_its_order_cannot_use_it() {
    let (world, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    world.begin(&other).await;
    world.crashes.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 503);
    assert_eq!(
        status(&world, &other, "dispatch", typed_code()).await,
        409,
        "the dispatch may be retried at any moment"
    );
    let another = json!({"carrier": "Post", "tracking_code": "99-7"});
    assert_eq!(status(&world, &order, "dispatch", another).await, 202);
    assert_eq!(status(&world, &other, "dispatch", typed_code()).await, 202);
}

#[tokio::test]
async fn one_of_several_concurrent_dispatches_gets_a_free_code() {
    for seed in 0..40 {
        let (world, order) = begun(Provider::Warehouse).await;
        let others = [order_id(2), order_id(3), order_id(4)];
        for other in &others {
            world.begin(other).await;
        }
        dispatch(&world, Arc::new(Overtaken(world.memory.clone())), &order).await.unwrap_err();
        let uneven = Uneven::seeded(world.memory.clone(), seed);
        let [first, second, third] = others.each_ref().map(|other| dispatch(&world, uneven.clone(), other));
        let (first, second, third) = tokio::join!(first, second, third);
        let won = [first, second, third].into_iter().flatten().count();
        assert_eq!(won, 1, "seed {seed}");
    }
}

/// The carrier issued the code for this order, so it stays with the order in every status.
#[tokio::test]
async fn the_code_of_a_label_stays_with_its_order_after_a_cancellation() {
    let (mut world, order) = begun(Provider::Easypost).await;
    let label = world.shipment(&order).await.label.unwrap().parcel;
    world.consume(&order, cancel()).await.unwrap();
    world.run().await;
    world.provider = Provider::Warehouse;
    let other = order_id(2);
    world.begin(&other).await;
    let its_code = json!({"carrier": label.carrier, "tracking_code": label.tracking_code});
    assert_eq!(status(&world, &other, "dispatch", its_code).await, 409);
}
