//! `ship-order` through its own door: messages in, events out, with an honest EasyPost.

mod arbiter;
mod labels;
mod out;

use crate::scene::{Scene, allocated, own, placed_event};
use events::{Provider, ShippingEvent};
use resilience::Failure;
use runtime::queue::Consumer as _;
use testkit::{EasyPostCall, EasyPostFault, lines, order_id};

#[tokio::test]
async fn a_carriers_shipment_is_created_and_its_label_bought() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.begin(&order).await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    let ShippingEvent::ShipmentRequested(request) = &scene.stream(&order).await[0] else { panic!() };
    assert_eq!((request.provider, request.lines.as_slice()), (Provider::Easypost, lines().as_slice()));
    let counts = scene.carrier.counts();
    assert_eq!((counts.created, counts.bought, counts.refunded), (1, 1, 0));

    let asked = &scene.carrier.requests()[0]["shipment"];
    assert_eq!(asked["reference"], order.as_str());
    assert_eq!(asked["to_address"]["zip"], "3000");
    assert_eq!(asked["to_address"]["phone"], "+41790000000");
    assert_eq!(asked["from_address"]["name"], "Shop");
    assert_eq!(asked["parcel"]["weight"], "8.5", "240 g are 8.47 ounces");

    let label = scene.shipment(&order).await.label.unwrap();
    assert_eq!(crate::tracking::order_of(&*scene.memory, &label.parcel).await, Ok(Some(order.clone())));
    assert_eq!(scene.listed().await, [order], "a label is not yet a hand-over");
}

#[tokio::test]
async fn the_warehouse_ships_without_any_call() {
    let (scene, order) = (Scene::with(Provider::Warehouse), order_id(1));
    scene.begin(&order).await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested"]);
    assert_eq!(scene.carrier.counts().calls, 0);
    assert_eq!(scene.listed().await, [order]);
}

#[tokio::test]
async fn every_message_may_come_twice() {
    for provider in [Provider::Warehouse, Provider::Easypost] {
        let (scene, order) = (Scene::with(provider), order_id(1));
        for _ in 0..2 {
            scene.consume(&order, placed_event()).await.unwrap();
            scene.consume(&order, allocated()).await.unwrap();
        }
        scene.run().await;
        let said = scene.said(&order).await;
        let documents = scene.memory.all_documents();
        for envelope in scene.memory.all_events() {
            scene.ship().consume(&own(&envelope)).await.unwrap();
        }
        scene.consume(&order, allocated()).await.unwrap();
        scene.run().await;
        assert_eq!(scene.said(&order).await, said);
        assert_eq!(scene.memory.all_documents(), documents);
        assert!(scene.carrier.counts().bought <= 1);
    }
}

#[tokio::test]
async fn an_allocation_that_overtakes_the_address_waits_for_it() {
    for provider in [Provider::Warehouse, Provider::Easypost] {
        let (scene, order) = (Scene::with(provider), order_id(1));
        assert!(matches!(scene.consume(&order, allocated()).await, Err(Failure::Retry { .. })));
        assert!(scene.said(&order).await.is_empty());
        scene.begin(&order).await;
        assert_eq!(scene.said(&order).await[0], "ShipmentRequested");
    }
}

#[tokio::test]
async fn a_refused_address_fails_the_shipment_before_it_begins() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.carrier.fail_next(EasyPostCall::Create, EasyPostFault::Refuses(422, "ADDRESS.VERIFY.FAILURE"));
    scene.begin(&order).await;
    let said = scene.stream(&order).await;
    let [ShippingEvent::ShippingFailed(failed)] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(failed.reason, "the carrier refuses the address (ADDRESS.VERIFY.FAILURE)");
    assert!(scene.listed().await.is_empty());
}

#[tokio::test]
async fn what_is_not_the_customers_fault_fails_no_order() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.consume(&order, placed_event()).await.unwrap();
    for (fault, comes_back) in [
        (EasyPostFault::Refuses(422, "PARCEL.PARAMETERS.INVALID"), false),
        (EasyPostFault::Refuses(401, "APIKEY.INACTIVE"), true),
        (EasyPostFault::Refuses(402, "PAYMENT_REQUIRED"), true),
        (EasyPostFault::Refuses(429, "RATE_LIMITED"), true),
        (EasyPostFault::FailsBefore, true),
        (EasyPostFault::TimesOutAfter, true),
    ] {
        scene.carrier.fail_next(EasyPostCall::Create, fault.clone());
        let failure = scene.consume(&order, allocated()).await.unwrap_err();
        assert_eq!(matches!(failure, Failure::Retry { .. }), comes_back, "{fault:?}");
    }
    assert!(scene.said(&order).await.is_empty());
    scene.begin(&order).await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!(scene.carrier.counts().bought, 1, "the shipment that nobody knows of costs nothing");
}

#[tokio::test]
async fn the_provider_of_the_request_decides_and_not_the_current_setting() {
    let order = order_id(1);
    let mut scene = Scene::with(Provider::Easypost);
    scene.allocate(&order).await;
    scene.provider = Provider::Warehouse;
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);

    let mut scene = Scene::with(Provider::Warehouse);
    scene.allocate(&order).await;
    scene.provider = Provider::Easypost;
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested"]);
}

#[tokio::test]
async fn an_event_of_no_subscription_is_set_aside() {
    let (scene, order) = (Scene::with(Provider::Warehouse), order_id(1));
    for event in [
        ShippingEvent::from(events::Delivered {}),
        events::Shipped { carrier: "USPS".to_owned(), tracking_code: "1".to_owned() }.into(),
        events::LabelVoided {}.into(),
    ] {
        assert!(matches!(scene.consume(&order, event).await, Err(Failure::Reject { .. })));
    }
    let other = events::InventoryEvent::from(events::StockCommitted { lines: lines() });
    assert!(matches!(scene.consume(&order, other).await, Err(Failure::Reject { .. })));
}
