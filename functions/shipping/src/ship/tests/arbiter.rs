//! Cancellations, in every order of arrival.

use crate::Standing;
use crate::scene::{Scene, Uneven, allocated, cancel, placed_event};
use async_trait::async_trait;
use event_store::{AppendError, EventStore, Memory, StoreError, StreamId};
use events::{Envelope, Provider, ShippingEvent};
use runtime::http::Endpoint as _;
use runtime::queue::Consumer as _;
use serde_json::json;
use std::sync::{Arc, Mutex};
use testkit::{RequestBuilder as _, envelope, message, order_id, request};

/// Every order of arrival of three messages; one that has to wait comes again at the end.
#[tokio::test]
async fn whatever_comes_first_a_cancelled_order_is_not_shipped() {
    for provider in [Provider::Warehouse, Provider::Easypost] {
        for arrival in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let (scene, order) = (Scene::with(provider), order_id(1));
            for which in arrival.into_iter().chain(arrival) {
                let ship = scene.ship();
                let outcome = match which {
                    0 => ship.consume(&message(&order, 1, &placed_event())).await,
                    1 => ship.consume(&message(&order, 1, &allocated())).await,
                    _ => ship.consume(&message(&order, 2, &cancel())).await,
                };
                assert!(!matches!(outcome, Err(resilience::Failure::Reject { .. })), "{arrival:?}");
                scene.run().await;
            }
            assert_eq!(scene.shipment(&order).await.standing(), Standing::Cancelled, "{arrival:?}");
            assert_eq!(scene.carrier.labels_held(), 0, "{arrival:?}");
            assert!(scene.listed().await.is_empty(), "{arrival:?}");
            let said = scene.said(&order).await;
            assert_eq!(
                said.iter().filter(|name| **name == "ShipmentCancelled").count(),
                1,
                "{arrival:?}: {said:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_cancellation_after_the_hand_over_is_rejected_once() {
    let (scene, order) = (Scene::with(Provider::Warehouse), order_id(1));
    scene.begin(&order).await;
    let body = json!({"carrier": "Post", "tracking_code": "99"});
    let dispatch = request("POST /shipments/{order_id}/dispatch").by_admin().path("order_id", order.as_str());
    assert_eq!(scene.manage().answer(dispatch.json(&body)).await.unwrap().status, 202);
    for _ in 0..3 {
        scene.consume(&order, cancel()).await.unwrap();
    }
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "Shipped", "CancellationRejected"]);
}

/// I4 under contention: a customer cancels while the warehouse dispatches, in fifty interleavings.
#[tokio::test]
async fn i4_holds_when_a_cancellation_races_a_dispatch() {
    let (mut shipped, mut cancelled) = (0, 0);
    for seed in 0..50 {
        let (scene, order) = (Scene::with(Provider::Warehouse), order_id(seed));
        scene.begin(&order).await;
        let ship = scene.ship_on(Uneven::seeded(scene.memory.clone(), seed));
        let manage = scene.manage_on(Uneven::seeded(scene.memory.clone(), seed + 1000));
        let cancellation = message(&order, 2, &cancel());
        let dispatch = request("POST /shipments/{order_id}/dispatch")
            .by_admin()
            .path("order_id", order.as_str())
            .json(&json!({"carrier": "Post", "tracking_code": "99"}));
        let (cancelling, dispatched) = tokio::join!(ship.consume(&cancellation), manage.answer(dispatch));
        cancelling.unwrap();
        let said = scene.said(&order).await;
        match dispatched.map_or_else(|problem| problem.status, |reply| reply.status) {
            202 => {
                shipped += 1;
                assert_eq!(said, ["ShipmentRequested", "Shipped", "CancellationRejected"], "seed {seed}");
            }
            409 => {
                cancelled += 1;
                assert_eq!(said, ["ShipmentRequested", "ShipmentCancelled"], "seed {seed}");
            }
            other => panic!("seed {seed}: {other}"),
        }
        let places: Vec<u32> = scene
            .memory
            .read(&StreamId::order(&order))
            .await
            .unwrap()
            .iter()
            .map(|e| e.sequence.number())
            .collect();
        assert_eq!(places, (1..).take(places.len()).collect::<Vec<_>>(), "I5");
    }
    assert!(shipped > 5 && cancelled > 5, "both must win sometimes: {shipped} against {cancelled}");
}

/// The cancellation and its own message come by between the listing of a shipment and its request.
#[tokio::test]
async fn a_request_that_loses_against_a_cancellation_leaves_nothing_to_pack() {
    let (scene, order) = (Scene::with(Provider::Warehouse), order_id(1));
    scene.consume(&order, placed_event()).await.unwrap();
    let tombstone = envelope(&order, 1, &ShippingEvent::from(events::ShipmentCancelled {}));
    let store = Arc::new(Overtaken { inner: scene.memory.clone(), by: Mutex::new(Some(tombstone)) });
    scene.ship_on(store).consume(&message(&order, 1, &allocated())).await.unwrap();
    assert_eq!(scene.said(&order).await, ["ShipmentCancelled"]);
    assert!(scene.listed().await.is_empty());
}

/// A table in which somebody else is first, once.
struct Overtaken {
    inner: Arc<Memory>,
    by: Mutex<Option<Envelope>>,
}

#[async_trait]
impl EventStore for Overtaken {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        self.inner.read(stream).await
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        let first = self.by.lock().unwrap().take();
        if let Some(first) = first {
            self.inner.append(stream, &first).await?;
        }
        self.inner.append(stream, envelope).await
    }
}
