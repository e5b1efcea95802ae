//! All money is refunded in the provider's dashboard: the goods stay until an operator decides.

use crate::testing::{World, allocated, cancel, placed_event};
use crate::{ShipmentStatus, Stage};
use events::{Amount, OrderId, PaymentRefunded, PaymentsEvent, Provider, RefundId};
use runtime::http::Endpoint as _;
use serde_json::{Value, json};
use testkit::{RequestBuilder as _, order_id, request};

fn refunded(refund: &str, foreign_in_full: bool) -> PaymentsEvent {
    let refund_id = RefundId::try_from(refund).unwrap();
    PaymentRefunded { refund_id, provider_refund_id: None, amount: Amount::minor(1900), foreign_in_full }
        .into()
}

async fn command(world: &World, order: &OrderId, verb: &str, body: Value) -> u16 {
    let route = format!("POST /shipments/{{order_id}}/{verb}");
    let request = request(&route).by_admin().path("order_id", order.as_str()).json(&body);
    world.manage().answer(request).await.map_or_else(|problem| problem.status, |reply| reply.status)
}

async fn dispatch(world: &World, order: &OrderId) -> u16 {
    command(world, order, "dispatch", json!({"carrier": "Post", "tracking_code": "99-1"})).await
}

async fn packing_list(world: &World) -> usize {
    let list = request("GET /shipments").by_admin().query("open", "true");
    let page: Value = serde_json::from_str(&world.manage().answer(list).await.unwrap().body).unwrap();
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_full_refund_in_the_dashboard_holds_the_shipment() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    for _ in 0..2 {
        world.consume(&order, refunded("foreign.re_1", true)).await.unwrap();
    }
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "ShipmentHeld"]);
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Held);
    assert_eq!(packing_list(&world).await, 0);
    assert_eq!(dispatch(&world, &order).await, 409);
    for expected in [202, 200] {
        assert_eq!(command(&world, &order, "release", json!({})).await, expected);
    }
    world.run().await;
    world.consume(&order, refunded("foreign.re_1", true)).await.unwrap();
    assert_eq!(packing_list(&world).await, 1, "a late duplicate of the refund holds nothing");
    assert_eq!(dispatch(&world, &order).await, 202);
    assert_eq!(
        world.event_types(&order).await,
        ["ShipmentRequested", "ShipmentHeld", "ShipmentReleased", "Shipped"]
    );
}

#[tokio::test]
async fn a_refund_before_the_shipment_begins_holds_it_too_and_buys_no_label() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.consume(&order, refunded("foreign.re_1", true)).await.unwrap();
    world.consume(&order, placed_event()).await.unwrap();
    world.consume(&order, allocated()).await.unwrap();
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentHeld", "ShipmentRequested"]);
    assert_eq!((world.carrier.counts().bought, packing_list(&world).await), (0, 0));
    assert_eq!(command(&world, &order, "release", json!({})).await, 202);
    world.run().await;
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Labelled);
    assert_eq!(packing_list(&world).await, 1);
}

#[tokio::test]
async fn a_held_shipment_can_be_cancelled() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    world.consume(&order, refunded("foreign.re_1", true)).await.unwrap();
    world.consume(&order, cancel()).await.unwrap();
    assert_eq!(world.shipment(&order).await.stage, Stage::Cancelled);
    assert_eq!(command(&world, &order, "release", json!({})).await, 409);
}

#[tokio::test]
async fn a_dispatch_that_is_faster_than_the_refund_raises_the_attention() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    assert_eq!(dispatch(&world, &order).await, 202);
    world.consume(&order, refunded("foreign.re_1", true)).await.unwrap();
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "Shipped", "ShipmentHeld"]);
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Shipped);
    assert_eq!(dispatch(&world, &order).await, 200, "a repeat");
    assert_eq!(command(&world, &order, "release", json!({})).await, 202);
}

#[tokio::test]
async fn other_refunds_and_ended_shipments_are_not_held() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    world.consume(&order, refunded("cancelled", false)).await.unwrap();
    assert_eq!(command(&world, &order, "release", json!({})).await, 409);
    assert_eq!(dispatch(&world, &order).await, 202);
    assert_eq!(command(&world, &order, "deliver", json!({})).await, 202);
    world.consume(&order, refunded("foreign.re_1", true)).await.unwrap();
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "Shipped", "Delivered"]);

    let cancelled = order_id(2);
    world.begin(&cancelled).await;
    world.consume(&cancelled, cancel()).await.unwrap();
    world.consume(&cancelled, refunded("foreign.re_2", true)).await.unwrap();
    assert_eq!(world.event_types(&cancelled).await, ["ShipmentRequested", "ShipmentCancelled"]);
}
