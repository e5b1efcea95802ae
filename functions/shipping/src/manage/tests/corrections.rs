//! A mistyped code is corrected after the dispatch, and recorded with both codes and the operator.

use super::{begun, body, get, post, status, typed_code};
use crate::testing::World;
use crate::{ShipmentStatus, Stage};
use events::{OrderId, Provider, ShippingEvent};
use serde_json::{Value, json};
use testkit::{order_id, tracker_event};

const MOVING: (&str, &str, &str) = ("in_transit", "departed_facility", "2026-01-02T08:00:00Z");
const ARRIVED: (&str, &str, &str) = ("delivered", "arrived_at_destination", "2026-01-03T09:00:00Z");
const RETURNED: (&str, &str, &str) = ("return_to_sender", "return", "2026-01-03T09:30:00Z");

fn right_code() -> Value {
    json!({"carrier": "DHL", "tracking_code": "JD-0146"})
}

async fn dispatched() -> (World, OrderId) {
    let (world, order) = begun(Provider::Warehouse).await;
    assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 202);
    world.run().await;
    (world, order)
}

#[tokio::test]
async fn a_corrected_code_applies_what_is_parked_under_it() {
    let (world, order) = dispatched().await;
    world.receive(&tracker_event("evt_1", "DHLExpress", "JD0146", &[MOVING, ARRIVED])).await.unwrap();
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Shipped);
    for expected in [202, 200] {
        assert_eq!(status(&world, &order, "tracking", right_code()).await, expected);
    }
    world.run().await;
    let events = world.stream(&order).await;
    let Some(ShippingEvent::TrackingCorrected(corrected)) = events.get(2) else { panic!("{events:?}") };
    assert_eq!((&*corrected.carrier, &*corrected.tracking_code), ("DHL", "JD-0146"));
    assert_eq!((&*corrected.previous_carrier, &*corrected.previous_tracking_code), ("Post", "99-1"));
    assert_eq!(corrected.corrected_by.subject, "admin-1");
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Delivered);
    let page = body(&get(&world, order.as_str()).await.unwrap());
    assert_eq!(page["parcel"]["tracking_code"], "JD-0146");
}

#[tokio::test]
async fn the_wrong_code_is_free_after_the_correction() {
    let (world, order) = dispatched().await;
    let other = order_id(2);
    world.begin(&other).await;
    assert_eq!(status(&world, &order, "tracking", right_code()).await, 202);
    world.run().await;
    world.receive(&tracker_event("evt_1", "Post", "99-1", &[MOVING, ARRIVED])).await.unwrap();
    assert_eq!(
        world.shipment(&order).await.status(),
        ShipmentStatus::Shipped,
        "it is not this order's parcel"
    );
    assert_eq!(status(&world, &other, "dispatch", typed_code()).await, 202);
    world.run().await;
    assert_eq!(world.shipment(&other).await.status(), ShipmentStatus::Delivered);
}

/// Scans of the wrong parcel must not decide about the right one.
#[tokio::test]
async fn a_correction_forgets_the_scans_of_the_wrong_parcel() {
    let (world, order) = dispatched().await;
    world.receive(&tracker_event("evt_1", "Post", "99-1", &[MOVING, RETURNED])).await.unwrap();
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::ReturnedToSender);
    assert_eq!(status(&world, &order, "tracking", right_code()).await, 202);
    world.run().await;
    world.receive(&tracker_event("evt_2", "DHL", "JD0146", &[MOVING, ARRIVED])).await.unwrap();
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Delivered);
}

#[tokio::test]
async fn a_correction_that_cannot_be_is_refused() {
    let (world, order) = begun(Provider::Warehouse).await;
    let other = order_id(2);
    world.begin(&other).await;
    assert_eq!(status(&world, &order, "tracking", right_code()).await, 409, "nothing has left");
    assert_eq!(status(&world, &order, "dispatch", typed_code()).await, 202);
    assert_eq!(status(&world, &other, "dispatch", right_code()).await, 202);
    assert_eq!(status(&world, &order, "tracking", right_code()).await, 409, "another order's code");
    for (given, pointer) in [
        (json!({"carrier": "-", "tracking_code": "1"}), "/carrier"),
        (json!({"carrier": "DHL", "tracking_code": "1#2"}), "/tracking_code"),
    ] {
        let problem = post(&world, &order, "tracking", given).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, pointer));
    }
    assert_eq!(status(&world, &order, "tracking", json!({"carrier": "DHL"})).await, 422);
    let Stage::Left { parcel, .. } = world.shipment(&order).await.stage else { panic!() };
    assert_eq!(parcel.tracking_code, "99-1");

    let (world, order) = begun(Provider::Easypost).await;
    assert_eq!(status(&world, &order, "dispatch", json!({})).await, 202);
    let problem = post(&world, &order, "tracking", right_code()).await.unwrap_err();
    assert_eq!((problem.status, &*problem.detail), (409, "the parcel left with the code of its label"));
}
