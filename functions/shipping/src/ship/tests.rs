//! `ship-order` through its public interface: messages in, events and calls to a fake EasyPost out.

mod arbiter;
mod erasure;
mod held;
mod labels;
mod outage;

use crate::testing::{World, allocated, own, placed_event};
use events::{Provider, ShippingEvent};
use resilience::Failure;
use runtime::queue::Consumer as _;
use testkit::{EasyPostCall, EasyPostFault, lines, order_id};

#[tokio::test]
async fn a_shipment_is_created_at_the_carrier_and_its_label_bought() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.begin(&order).await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    let ShippingEvent::ShipmentRequested(request) = &world.stream(&order).await[0] else { panic!() };
    assert_eq!((request.provider, request.lines.as_slice()), (Provider::Easypost, lines().as_slice()));
    let counts = world.carrier.counts();
    assert_eq!((counts.created, counts.bought, counts.refunded), (1, 1, 0));

    let sent = &world.carrier.requests()[0]["shipment"];
    assert_eq!(sent["reference"], order.as_str());
    assert_eq!(sent["to_address"]["zip"], "3000");
    assert_eq!(sent["to_address"]["phone"], "+41790000000");
    assert_eq!(sent["from_address"]["name"], "Shop");
    assert_eq!(sent["parcel"]["weight"], "8.5", "240 g are 8.47 ounces");

    let label = world.shipment(&order).await.label.unwrap();
    assert_eq!(crate::tracking::order_of(&*world.memory, &label.parcel).await, Ok(Some(order.clone())));
    assert_eq!(world.listed().await, [order], "a label is not a hand-over");
}

#[tokio::test]
async fn the_warehouse_ships_without_a_call() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    world.begin(&order).await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested"]);
    assert_eq!(world.carrier.counts().calls, 0);
    assert_eq!(world.listed().await, [order]);
}

#[tokio::test]
async fn every_message_may_be_duplicated() {
    for provider in [Provider::Warehouse, Provider::Easypost] {
        let (world, order) = (World::with(provider), order_id(1));
        for _ in 0..2 {
            world.consume(&order, placed_event()).await.unwrap();
            world.consume(&order, allocated()).await.unwrap();
        }
        world.run().await;
        let types = world.event_types(&order).await;
        let documents = world.memory.all_documents();
        for envelope in world.memory.all_events() {
            world.ship().consume(&own(&envelope)).await.unwrap();
        }
        world.consume(&order, allocated()).await.unwrap();
        world.run().await;
        assert_eq!(world.event_types(&order).await, types);
        assert_eq!(world.memory.all_documents(), documents);
        assert!(world.carrier.counts().bought <= 1);
    }
}

#[tokio::test]
async fn an_allocation_waits_for_the_address() {
    for provider in [Provider::Warehouse, Provider::Easypost] {
        let (world, order) = (World::with(provider), order_id(1));
        assert!(matches!(world.consume(&order, allocated()).await, Err(Failure::Retry { .. })));
        assert!(world.event_types(&order).await.is_empty());
        world.begin(&order).await;
        assert_eq!(world.event_types(&order).await[0], "ShipmentRequested");
    }
}

#[tokio::test]
async fn a_refused_address_fails_the_shipment_before_it_begins() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.carrier.fail_next(EasyPostCall::Create, EasyPostFault::Refuses(422, "ADDRESS.VERIFY.FAILURE"));
    world.begin(&order).await;
    let events = world.stream(&order).await;
    let [ShippingEvent::ShippingFailed(failed)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(failed.reason, "the carrier refuses the address (ADDRESS.VERIFY.FAILURE)");
    assert!(world.listed().await.is_empty());
}

#[tokio::test]
async fn only_the_customers_fault_fails_an_order() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.consume(&order, placed_event()).await.unwrap();
    for (fault, is_retried) in [
        (EasyPostFault::Refuses(422, "PARCEL.PARAMETERS.INVALID"), false),
        (EasyPostFault::Refuses(401, "APIKEY.INACTIVE"), true),
        (EasyPostFault::Refuses(402, "PAYMENT_REQUIRED"), true),
        (EasyPostFault::Refuses(429, "RATE_LIMITED"), true),
        (EasyPostFault::FailsBefore, true),
        (EasyPostFault::TimesOutAfter, true),
    ] {
        world.carrier.fail_next(EasyPostCall::Create, fault.clone());
        let failure = world.consume(&order, allocated()).await.unwrap_err();
        assert_eq!(matches!(failure, Failure::Retry { .. }), is_retried, "{fault:?}");
    }
    assert!(world.event_types(&order).await.is_empty());
    world.begin(&order).await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!(world.carrier.counts().bought, 1, "a shipment that was created and lost costs nothing");
}

#[tokio::test]
async fn a_shipment_stays_with_the_provider_of_its_request() {
    let order = order_id(1);
    let mut world = World::with(Provider::Easypost);
    world.allocate(&order).await;
    world.provider = Provider::Warehouse;
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);

    let mut world = World::with(Provider::Warehouse);
    world.allocate(&order).await;
    world.provider = Provider::Easypost;
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested"]);
}

#[tokio::test]
async fn an_event_that_this_function_does_not_handle_is_ignored() {
    let (world, order) = (World::with(Provider::Warehouse), order_id(1));
    for event in [
        ShippingEvent::from(events::Delivered {}),
        events::Shipped { carrier: "USPS".to_owned(), tracking_code: "1".to_owned() }.into(),
        events::LabelVoided {}.into(),
    ] {
        world.consume(&order, event).await.unwrap();
    }
    let other = events::InventoryEvent::from(events::StockCommitted { lines: lines() });
    world.consume(&order, other).await.unwrap();
    assert!(world.event_types(&order).await.is_empty());
}
