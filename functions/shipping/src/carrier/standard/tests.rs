//! Reports by Standard Webhooks: applied once, parked before the dispatch, or refused.

use crate::ShipmentStatus;
use crate::testing::World;
use events::{OrderId, Provider};
use outbound::DeadLetter;
use runtime::http::Endpoint as _;
use serde_json::{Value, json};
use testkit::{RequestBuilder as _, order_id, read_batch, receive_webhook, request};
use webhooks::Topic;

impl World {
    /// Stores a webhook of the courier in the inbox and applies it.
    async fn report(&self, id: &str, event_type: &str, data: &Value) -> Vec<DeadLetter> {
        let record =
            receive_webhook(&self.memory, Topic::Parcels, ("courier", id), event_type, data).await.unwrap();
        read_batch(self.apply(), vec![record]).await.unwrap()
    }

    async fn dispatch(&self, order: &OrderId) {
        let body = json!({"carrier": "Alpine Parcel", "tracking_code": "AP-1"});
        let request =
            request("POST /shipments/{order_id}/dispatch").by_admin().path("order_id", order.as_str());
        assert_eq!(self.manage().answer(request.json(&body)).await.unwrap().status, 202);
        self.run().await;
    }
}

fn parcel(status: Option<&str>) -> Value {
    json!({"carrier": "alpine parcel", "tracking_code": "AP-1", "status": status, "occurred_at": "2026-01-03T09:00:00Z"})
}

#[tokio::test]
async fn a_courier_reports_a_parcel_until_its_delivery() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    world.dispatch(&order).await;
    for _ in 0..2 {
        assert_eq!(world.report("m1", "parcel.tracked", &parcel(Some("out_for_delivery"))).await, []);
        assert_eq!(world.report("m2", "parcel.delivered", &parcel(None)).await, []);
    }
    let types = world.event_types(&order).await;
    assert_eq!(types[1..], ["Shipped", "ShipmentTracked", "ShipmentTracked", "Delivered"]);
    let cause = world.memory.all_events().pop().unwrap().causationid;
    assert_eq!(cause.as_str(), "webhook/standard-parcels/courier.m2");
}

#[tokio::test]
async fn a_report_before_the_dispatch_waits_for_it() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    assert_eq!(world.report("m1", "parcel.delivered", &parcel(None)).await, []);
    assert_ne!(world.shipment(&order).await.status(), ShipmentStatus::Delivered);
    world.dispatch(&order).await;
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Delivered);
}

#[tokio::test]
async fn a_malformed_report_is_dead_lettered_and_an_unknown_type_is_ignored() {
    let world = World::with(Provider::Warehouse);
    for (id, event_type, data) in [
        ("m1", "parcel.tracked", parcel(None)),
        ("m2", "parcel.delivered", json!({"carrier": "Alpine Parcel"})),
        ("m3", "parcel.delivered", json!([])),
        ("m5", "parcel.tracked", parcel(Some("sulking"))),
        ("m6", "parcel.delivered", json!({"carrier": "A", "tracking_code": "1", "occurred_at": "soon"})),
    ] {
        assert_eq!(world.report(id, event_type, &data).await.len(), 1, "{id}");
    }
    assert_eq!(world.report("m4", "parcel.weighed", &json!({})).await, []);
    assert_eq!(world.memory.all_events(), []);
}
