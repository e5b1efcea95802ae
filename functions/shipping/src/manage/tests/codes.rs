//! Tracking codes that a person types: each is one order's, as long as that order may use it.

use super::{begun, by_hand, status};
use crate::Standing;
use crate::scene::{Scene, Uneven, cancel};
use async_trait::async_trait;
use event_store::{AppendError, EventStore, Memory, StoreError, StreamId};
use events::{Envelope, OrderId, Provider, ShipmentCancelled, ShippingEvent};
use runtime::http::{Endpoint as _, Problem, Reply};
use serde_json::json;
use std::sync::Arc;
use testkit::{RequestBuilder as _, cause, now, order_id, request};

#[tokio::test]
async fn a_code_of_another_order_is_a_conflict() {
    let (scene, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    scene.begin(&other).await;
    assert_eq!(status(&scene, &order, "dispatch", by_hand()).await, 202);
    let problem =
        super::post(&scene, &other, "dispatch", json!({"carrier": "POST", "tracking_code": "99-1"}))
            .await
            .unwrap_err();
    assert_eq!(
        (problem.status, problem.detail.as_str()),
        (409, "this tracking code belongs to another order")
    );
    assert_eq!(scene.shipment(&other).await.standing(), Standing::Requested);
    assert_eq!(
        status(&scene, &other, "dispatch", json!({"carrier": "Post", "tracking_code": "99-2"})).await,
        202
    );
}

/// A table on which a cancellation is always the faster one.
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

async fn dispatch(scene: &Scene, store: Arc<dyn EventStore>, order: &OrderId) -> Result<Reply, Problem> {
    let asked = request("POST /shipments/{order_id}/dispatch").by_admin().path("order_id", order.as_str());
    scene.manage_on(store).answer(asked.json(&by_hand())).await
}

#[tokio::test]
async fn a_dispatch_that_loses_against_a_cancellation_keeps_no_code() {
    let (scene, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    scene.begin(&other).await;
    let lost = dispatch(&scene, Arc::new(Overtaken(scene.memory.clone())), &order).await.unwrap_err();
    assert_eq!((lost.status, lost.detail.as_str()), (409, "the shipment is cancelled"));
    assert_eq!(status(&scene, &other, "dispatch", by_hand()).await, 202);
    scene.run().await;
    let parcel = crate::Parcel { carrier: "Post".to_owned(), tracking_code: "99-1".to_owned() };
    assert_eq!(crate::tracking::order_of(&*scene.memory, &parcel).await, Ok(Some(other.clone())));
    assert_eq!(status(&scene, &other, "dispatch", by_hand()).await, 200);
}

#[tokio::test]
async fn the_code_of_a_dispatch_that_crashed_is_kept_until_its_order_cannot_use_it() {
    let (scene, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    scene.begin(&other).await;
    scene.crashes.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(status(&scene, &order, "dispatch", by_hand()).await, 503);
    assert_eq!(
        status(&scene, &other, "dispatch", by_hand()).await,
        409,
        "it may be tried again at any moment"
    );
    let another = json!({"carrier": "Post", "tracking_code": "99-7"});
    assert_eq!(status(&scene, &order, "dispatch", another).await, 202);
    assert_eq!(status(&scene, &other, "dispatch", by_hand()).await, 202);
}

#[tokio::test]
async fn of_several_that_take_a_code_over_at_once_one_gets_it() {
    for seed in 0..40 {
        let (scene, order) = begun(Provider::Warehouse).await;
        let others = [order_id(2), order_id(3), order_id(4)];
        for other in &others {
            scene.begin(other).await;
        }
        dispatch(&scene, Arc::new(Overtaken(scene.memory.clone())), &order).await.unwrap_err();
        let uneven = Uneven::seeded(scene.memory.clone(), seed);
        let [first, second, third] = others.each_ref().map(|other| dispatch(&scene, uneven.clone(), other));
        let (first, second, third) = tokio::join!(first, second, third);
        let won = [first, second, third].into_iter().flatten().count();
        assert_eq!(won, 1, "seed {seed}");
    }
}

/// The carrier issued it for this order: it is that order's, whatever became of it.
#[tokio::test]
async fn the_code_of_a_label_is_its_orders_also_once_that_is_cancelled() {
    let (mut scene, order) = begun(Provider::Easypost).await;
    let label = scene.shipment(&order).await.label.unwrap().parcel;
    scene.consume(&order, cancel()).await.unwrap();
    scene.run().await;
    scene.provider = Provider::Warehouse;
    let other = order_id(2);
    scene.begin(&other).await;
    let its_code = json!({"carrier": label.carrier, "tracking_code": label.tracking_code});
    assert_eq!(status(&scene, &other, "dispatch", its_code).await, 409);
}
