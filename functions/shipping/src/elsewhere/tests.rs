//! A parcel that a carrier without EasyPost tells of, in every order.

use crate::Standing;
use crate::scene::Scene;
use events::{OrderId, Provider};
use runtime::http::Endpoint as _;
use runtime::stream::{Poison, Reader as _};
use serde_json::{Value, json};
use testkit::{RequestBuilder as _, keep_told, order_id, request};
use webhooks::Topic;

impl Scene {
    /// What the courier tells is received, kept and applied.
    async fn told(&self, id: &str, event_type: &str, data: &Value) -> Vec<Poison> {
        let kept = keep_told(&self.memory, Topic::Parcels, ("courier", id), event_type, data).await.unwrap();
        self.apply().read(vec![kept]).await.unwrap()
    }

    async fn dispatch(&self, order: &OrderId) {
        let sent = json!({"carrier": "Alpine Parcel", "tracking_code": "AP-1"});
        let request =
            request("POST /shipments/{order_id}/dispatch").by_admin().path("order_id", order.as_str());
        assert_eq!(self.manage().answer(request.json(&sent)).await.unwrap().status, 202);
        self.run().await;
    }
}

fn parcel(status: Option<&str>) -> Value {
    json!({"carrier": "alpine parcel", "tracking_code": "AP-1", "status": status, "occurred_at": "2026-01-03T09:00:00Z"})
}

#[tokio::test]
async fn a_courier_that_is_not_easypost_brings_an_order_to_its_end() {
    let (scene, order) = (Scene::with(Provider::Warehouse), order_id(1));
    scene.begin(&order).await;
    scene.dispatch(&order).await;
    for _ in 0..2 {
        assert_eq!(scene.told("m1", "parcel.tracked", &parcel(Some("out_for_delivery"))).await, []);
        assert_eq!(scene.told("m2", "parcel.delivered", &parcel(None)).await, []);
    }
    let said = scene.said(&order).await;
    assert_eq!(said[1..], ["Shipped", "ShipmentTracked", "ShipmentTracked", "Delivered"]);
    let cause = scene.memory.all_events().pop().unwrap().causationid;
    assert_eq!(cause.as_str(), "webhook/standard-parcels/courier.m2");
}

#[tokio::test]
async fn what_a_courier_tells_before_the_dispatch_waits_for_it() {
    let (scene, order) = (Scene::with(Provider::Warehouse), order_id(1));
    scene.begin(&order).await;
    assert_eq!(scene.told("m1", "parcel.delivered", &parcel(None)).await, []);
    assert_ne!(scene.shipment(&order).await.standing(), Standing::Delivered);
    scene.dispatch(&order).await;
    assert_eq!(scene.shipment(&order).await.standing(), Standing::Delivered);
}

#[tokio::test]
async fn what_makes_no_sense_is_set_aside_and_what_is_not_known_is_left_alone() {
    let scene = Scene::with(Provider::Warehouse);
    for (id, event_type, data) in [
        ("m1", "parcel.tracked", parcel(None)),
        ("m2", "parcel.delivered", json!({"carrier": "Alpine Parcel"})),
        ("m3", "parcel.delivered", json!([])),
        ("m5", "parcel.tracked", parcel(Some("sulking"))),
        ("m6", "parcel.delivered", json!({"carrier": "A", "tracking_code": "1", "occurred_at": "soon"})),
    ] {
        assert_eq!(scene.told(id, event_type, &data).await.len(), 1, "{id}");
    }
    assert_eq!(scene.told("m4", "parcel.weighed", &json!({})).await, []);
    assert_eq!(scene.memory.all_events(), []);
}
