//! Cancellations against requests and dispatches, in every order and at the same time.

use crate::ShipmentStatus;
use crate::testing::{Uneven, World, allocated, cancel, placed_event};
use async_trait::async_trait;
use event_store::{AppendError, EventStore, Memory, StoreError, StreamId};
use events::{Envelope, Provider, ShippingEvent};
use runtime::http::Endpoint as _;
use runtime::queue::Consumer as _;
use serde_json::json;
use std::sync::{Arc, Mutex};
use testkit::{RequestBuilder as _, envelope, message, order_id, request};

/// Three messages in every order. Each is delivered twice, so one that has to wait is retried.
#[tokio::test]
async fn a_cancelled_order_is_not_shipped_in_any_order_of_messages() {
    for provider in [Provider::Warehouse, Provider::Easypost] {
        for arrival in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let (world, order) = (World::with(provider), order_id(1));
            for which in arrival.into_iter().chain(arrival) {
                let ship = world.ship();
                let outcome = match which {
                    0 => ship.consume(&message(&order, 1, &placed_event())).await,
                    1 => ship.consume(&message(&order, 1, &allocated())).await,
                    _ => ship.consume(&message(&order, 2, &cancel())).await,
                };
                assert!(!matches!(outcome, Err(resilience::Failure::Reject { .. })), "{arrival:?}");
                world.run().await;
            }
            assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Cancelled, "{arrival:?}");
            assert_eq!(world.carrier.labels_without_refund(), 0, "{arrival:?}");
            assert!(world.listed().await.is_empty(), "{arrival:?}");
            let types = world.event_types(&order).await;
            assert_eq!(
                types.iter().filter(|name| **name == "ShipmentCancelled").count(),
                1,
                "{arrival:?}: {types:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_cancellation_after_the_hand_over_is_rejected_once() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    let body = json!({"carrier": "Post", "tracking_code": "99"});
    let dispatch = request("POST /shipments/{order_id}/dispatch").by_admin().path("order_id", order.as_str());
    assert_eq!(world.manage().answer(dispatch.json(&body)).await.unwrap().status, 202);
    for _ in 0..3 {
        world.consume(&order, cancel()).await.unwrap();
    }
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "Shipped", "CancellationRejected"]);
}

/// I4: the customer cancels while the warehouse dispatches, in fifty interleavings.
#[tokio::test]
async fn i4_holds_when_a_cancellation_races_a_dispatch() {
    let (mut shipped, mut cancelled) = (0, 0);
    for seed in 0..50 {
        let (world, order) = (World::with(Provider::Warehouse), order_id(seed));
        world.begin(&order).await;
        let ship = world.ship_on(Uneven::seeded(world.memory.clone(), seed));
        let manage = world.manage_on(Uneven::seeded(world.memory.clone(), seed + 1000));
        let cancellation = message(&order, 2, &cancel());
        let dispatch = request("POST /shipments/{order_id}/dispatch")
            .by_admin()
            .path("order_id", order.as_str())
            .json(&json!({"carrier": "Post", "tracking_code": "99"}));
        let (cancelling, dispatched) = tokio::join!(ship.consume(&cancellation), manage.answer(dispatch));
        cancelling.unwrap();
        let types = world.event_types(&order).await;
        match dispatched.map_or_else(|problem| problem.status, |reply| reply.status) {
            202 => {
                shipped += 1;
                assert_eq!(types, ["ShipmentRequested", "Shipped", "CancellationRejected"], "seed {seed}");
            }
            409 => {
                cancelled += 1;
                assert_eq!(types, ["ShipmentRequested", "ShipmentCancelled"], "seed {seed}");
            }
            other => panic!("seed {seed}: {other}"),
        }
        let sequence: Vec<u32> = world
            .memory
            .read(&StreamId::order(&order))
            .await
            .unwrap()
            .iter()
            .map(|e| e.sequence.number())
            .collect();
        assert_eq!(sequence, (1..).take(sequence.len()).collect::<Vec<_>>(), "I5");
    }
    assert!(shipped > 5 && cancelled > 5, "both must win sometimes: {shipped} against {cancelled}");
}

/// The cancellation is appended between the listing of a shipment and its request.
#[tokio::test]
async fn a_request_that_loses_against_a_cancellation_leaves_nothing_to_pack() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.consume(&order, placed_event()).await.unwrap();
    let tombstone = envelope(&order, 1, &ShippingEvent::from(events::ShipmentCancelled {}));
    let store = Arc::new(Overtaken { inner: world.memory.clone(), by: Mutex::new(Some(tombstone)) });
    world.ship_on(store).consume(&message(&order, 1, &allocated())).await.unwrap();
    assert_eq!(world.event_types(&order).await, ["ShipmentCancelled"]);
    assert!(world.listed().await.is_empty());
}

/// A table on which another process appends first, once.
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
        let winner = self.by.lock().unwrap().take();
        if let Some(winner) = winner {
            self.inner.append(stream, &winner).await?;
        }
        self.inner.append(stream, envelope).await
    }
}
