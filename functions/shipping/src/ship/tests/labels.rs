//! Labels: bought once, and voided once if unused, after crashes, faults and concurrent deliveries.

use crate::testing::{World, cancel, own};
use crate::{LabelState, ShipmentStatus};
use events::{Provider, ShippingEvent};
use outbound::CachedSecrets;
use resilience::Failure;
use runtime::http::Endpoint as _;
use runtime::queue::Consumer as _;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use testkit::{
    EASYPOST_KEY, EasyPostCall, EasyPostFault, MemorySecretStore, RequestBuilder as _, delivered, order_id,
};

use EasyPostFault::{FailsAfter, FailsBefore, Refuses, TimesOutAfter, TimesOutBefore};

#[tokio::test]
async fn a_crash_between_purchase_and_append_buys_no_second_label() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.allocate(&order).await;
    let request = world.memory.all_events().remove(0);
    world.crashes.store(true, Ordering::Relaxed);
    assert!(matches!(world.ship().consume(&own(&request)).await, Err(Failure::Retry { .. })));
    assert_eq!((world.carrier.counts().bought, world.event_types(&order).await.len()), (1, 1));
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!(world.carrier.counts().bought, 1);
}

#[tokio::test]
async fn an_unclear_purchase_is_settled_by_a_read() {
    for fault in [
        FailsBefore,
        FailsAfter,
        TimesOutBefore,
        TimesOutAfter,
        Refuses(422, "SHIPMENT.POSTAGE.TIMED_OUT"),
        Refuses(422, "SHIPMENT.PURCHASE.IN_PROGRESS"),
        Refuses(422, "SHIPMENT.RATE.EXPIRED"),
    ] {
        let (world, order) = (World::with(Provider::Easypost), order_id(1));
        world.carrier.fail_next(EasyPostCall::Buy, fault.clone());
        world.carrier.fail_next(EasyPostCall::Retrieve, TimesOutBefore);
        world.begin(&order).await;
        assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"], "{fault:?}");
        assert_eq!(world.carrier.counts().bought, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_replayed_request_buys_at_a_rate_of_today() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.allocate(&order).await;
    let request = world.memory.all_events().remove(0);
    // Twice: a rate of the first message was read, and has expired since.
    world.carrier.fail_next(EasyPostCall::Buy, FailsBefore);
    assert!(matches!(world.ship().consume(&own(&request)).await, Err(Failure::Retry { .. })));
    world.carrier.fail_next(EasyPostCall::Rerate, FailsBefore);
    let replayed = testkit::replayed(&request, testkit::now());
    assert!(world.ship().consume(&replayed).await.is_err(), "it asks for rates before it buys");
    world.ship().consume(&replayed).await.unwrap();
    assert_eq!(world.carrier.counts().bought, 1);
}

#[tokio::test]
async fn a_rotated_api_key_is_used_at_once() {
    let (mut world, order) = (World::with(Provider::Easypost), order_id(1));
    let store = MemorySecretStore::with(EASYPOST_KEY);
    world.api_keys = Arc::new(CachedSecrets::new(store.clone(), world.clock.clone()));
    world.begin(&order).await;
    assert_eq!((world.carrier.counts().bought, store.reads()), (1, 1));
    world.clock.advance(Duration::from_secs(6));
    world.allocate(&order_id(2)).await;
    world.carrier.roll_key("EZTK_new");
    let request = own(world.memory.all_events().last().unwrap());
    for _ in 0..2 {
        assert!(matches!(world.ship().consume(&request).await, Err(Failure::Retry { .. })));
    }
    assert_eq!(
        (world.carrier.counts().bought, store.reads()),
        (1, 2),
        "the store is read at most every five seconds"
    );
    world.clock.advance(Duration::from_secs(6));
    store.put("EZTK_new");
    world.ship().consume(&request).await.unwrap();
    assert_eq!((world.carrier.counts().bought, store.reads()), (2, 3));
}

#[tokio::test]
async fn two_concurrent_deliveries_buy_one_label() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.allocate(&order).await;
    let request = own(&world.memory.all_events().remove(0));
    let (ship, twin) = (world.ship(), world.ship());
    let (one, two) = tokio::join!(ship.consume(&request), twin.consume(&request));
    for outcome in [one, two] {
        assert!(!matches!(outcome, Err(Failure::Reject { .. })), "{outcome:?}");
    }
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!(world.carrier.counts().bought, 1);
}

#[tokio::test]
async fn a_carrier_that_sells_no_label_fails_the_shipment() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.carrier.fail_next(EasyPostCall::Buy, Refuses(422, "SHIPMENT.POSTAGE.FAILURE"));
    world.begin(&order).await;
    let events = world.stream(&order).await;
    let [_, ShippingEvent::ShippingFailed(failed)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(failed.reason, "the carrier sells no label (SHIPMENT.POSTAGE.FAILURE)");
    assert!(world.listed().await.is_empty());
}

#[tokio::test]
async fn a_carrier_that_is_down_offers_rates_later() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.carrier.set_without_rates(true);
    world.allocate(&order).await;
    let request = world.memory.all_events().remove(0);
    for deliveries in 1..=3 {
        let outcome = world.ship().consume(&delivered(&request, deliveries).unwrap()).await;
        assert!(matches!(outcome, Err(Failure::Retry { .. })));
    }
    world.carrier.set_without_rates(false);
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);

    let (world, order) = (World::with(Provider::Easypost), order_id(2));
    world.carrier.set_without_rates(true);
    world.begin(&order).await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "ShippingFailed"]);
}

#[tokio::test]
async fn only_the_configured_service_is_bought() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.allocate(&order).await;
    let request = world.memory.all_events().remove(0);
    let mut ship = world.ship();
    ship.carriers.easypost.terms.service = Some("Pigeon".to_owned());
    assert!(matches!(ship.consume(&own(&request)).await, Err(Failure::Retry { .. })));
    ship.carriers.easypost.terms.service = Some("Express".to_owned());
    ship.consume(&own(&request)).await.unwrap();
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);
}

#[tokio::test]
async fn a_label_bought_during_a_cancellation_is_recorded_and_voided() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.allocate(&order).await;
    let request = world.memory.all_events().remove(0);
    world.crashes.store(true, Ordering::Relaxed);
    world.ship().consume(&own(&request)).await.unwrap_err();
    world.consume(&order, cancel()).await.unwrap();
    world.run().await;
    assert_eq!(
        world.event_types(&order).await,
        ["ShipmentRequested", "ShipmentCancelled", "LabelPurchased", "LabelVoided"]
    );
    assert_eq!((world.carrier.counts().bought, world.carrier.counts().refunded), (1, 1));
}

#[tokio::test]
async fn no_label_is_bought_after_a_cancellation() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.allocate(&order).await;
    world.consume(&order, cancel()).await.unwrap();
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "ShipmentCancelled"]);
    assert_eq!(world.carrier.counts().bought, 0);
}

#[tokio::test]
async fn an_unclear_refund_is_settled_by_a_read() {
    for fault in [FailsBefore, FailsAfter, TimesOutBefore, TimesOutAfter] {
        let (world, order) = (World::with(Provider::Easypost), order_id(1));
        world.begin(&order).await;
        world.carrier.fail_next(EasyPostCall::Refund, fault.clone());
        world.consume(&order, cancel()).await.unwrap();
        world.run().await;
        assert_eq!(
            world.event_types(&order).await,
            ["ShipmentRequested", "LabelPurchased", "ShipmentCancelled", "LabelVoided"],
            "{fault:?}"
        );
        assert_eq!(world.carrier.counts().refunded, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_crash_between_refund_and_append_requests_no_second_refund() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.begin(&order).await;
    world.consume(&order, cancel()).await.unwrap();
    let cancelled = world.memory.all_events().pop().unwrap();
    world.crashes.store(true, Ordering::Relaxed);
    world.ship().consume(&own(&cancelled)).await.unwrap_err();
    world.run().await;
    assert_eq!(world.event_types(&order).await.last(), Some(&"LabelVoided"));
    assert_eq!(world.carrier.counts().refunded, 1);
}

#[tokio::test]
async fn a_refused_void_waits_for_another_request() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.begin(&order).await;
    world.carrier.set_rejects_refunds(true);
    world.consume(&order, cancel()).await.unwrap();
    world.run().await;
    let cancelled = world.memory.all_events().remove(2);
    world.ship().consume(&own(&cancelled)).await.unwrap();
    let types = world.event_types(&order).await;
    assert_eq!(types, ["ShipmentRequested", "LabelPurchased", "ShipmentCancelled", "LabelVoidFailed"]);
    assert_eq!(world.shipment(&order).await.label.unwrap().state, LabelState::VoidFailed);

    world.carrier.set_rejects_refunds(false);
    world.ship().consume(&own(&cancelled)).await.unwrap();
    assert_eq!(world.event_types(&order).await.last(), Some(&"LabelVoided"));
    assert_eq!(world.shipment(&order).await.status(), ShipmentStatus::Cancelled);
}

#[tokio::test]
async fn a_label_bought_after_another_dispatch_is_voided() {
    let (world, order) = (World::with(Provider::Easypost), order_id(1));
    world.allocate(&order).await;
    let request = world.memory.all_events().remove(0);
    world.crashes.store(true, Ordering::Relaxed);
    world.ship().consume(&own(&request)).await.unwrap_err();
    let dispatch = testkit::request("POST /shipments/{order_id}/dispatch")
        .by_admin()
        .path("order_id", order.as_str())
        .json(&json!({"carrier": "Post", "tracking_code": "99"}));
    assert_eq!(world.manage().answer(dispatch).await.unwrap().status, 202);
    world.run().await;
    assert_eq!(
        world.event_types(&order).await,
        ["ShipmentRequested", "Shipped", "LabelPurchased", "LabelVoided"]
    );
    assert_eq!(
        (world.shipment(&order).await.status(), world.carrier.labels_without_refund()),
        (ShipmentStatus::Shipped, 0)
    );
}
