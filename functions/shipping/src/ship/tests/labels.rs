//! Labels: one is bought, and one without a future is given back, whatever goes wrong on the way.

use crate::scene::{Scene, cancel, own};
use crate::{Disposal, Standing};
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
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.allocate(&order).await;
    let request = scene.memory.all_events().remove(0);
    scene.crashes.store(true, Ordering::Relaxed);
    assert!(matches!(scene.ship().consume(&own(&request)).await, Err(Failure::Retry { .. })));
    assert_eq!((scene.carrier.counts().bought, scene.said(&order).await.len()), (1, 1));
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!(scene.carrier.counts().bought, 1);
}

#[tokio::test]
async fn an_unclear_purchase_is_settled_by_asking() {
    for fault in [
        FailsBefore,
        FailsAfter,
        TimesOutBefore,
        TimesOutAfter,
        Refuses(422, "SHIPMENT.POSTAGE.TIMED_OUT"),
        Refuses(422, "SHIPMENT.PURCHASE.IN_PROGRESS"),
        Refuses(422, "SHIPMENT.RATE.EXPIRED"),
    ] {
        let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
        scene.carrier.fail_next(EasyPostCall::Buy, fault.clone());
        scene.carrier.fail_next(EasyPostCall::Retrieve, TimesOutBefore);
        scene.begin(&order).await;
        assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"], "{fault:?}");
        assert_eq!(scene.carrier.counts().bought, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_label_is_bought_with_the_new_api_key_at_once_where_the_old_one_does_not_hold_any_more() {
    let (mut scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    let store = MemorySecretStore::with(EASYPOST_KEY);
    scene.api_keys = Arc::new(CachedSecrets::new(store.clone(), scene.clock.clone()));
    scene.begin(&order).await;
    assert_eq!((scene.carrier.counts().bought, store.reads()), (1, 1));
    scene.clock.advance(Duration::from_secs(6));
    scene.allocate(&order_id(2)).await;
    scene.carrier.roll_key("EZTK_new");
    let request = own(scene.memory.all_events().last().unwrap());
    for _ in 0..2 {
        assert!(matches!(scene.ship().consume(&request).await, Err(Failure::Retry { .. })));
    }
    assert_eq!((scene.carrier.counts().bought, store.reads()), (1, 2), "the store is not asked at will");
    scene.clock.advance(Duration::from_secs(6));
    store.put("EZTK_new");
    scene.ship().consume(&request).await.unwrap();
    assert_eq!((scene.carrier.counts().bought, store.reads()), (2, 3));
}

#[tokio::test]
async fn two_deliveries_at_once_buy_one_label() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.allocate(&order).await;
    let request = own(&scene.memory.all_events().remove(0));
    let (ship, twin) = (scene.ship(), scene.ship());
    let (one, two) = tokio::join!(ship.consume(&request), twin.consume(&request));
    for outcome in [one, two] {
        assert!(!matches!(outcome, Err(Failure::Reject { .. })), "{outcome:?}");
    }
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!(scene.carrier.counts().bought, 1);
}

#[tokio::test]
async fn a_carrier_that_sells_no_label_fails_the_shipment() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.carrier.fail_next(EasyPostCall::Buy, Refuses(422, "SHIPMENT.POSTAGE.FAILURE"));
    scene.begin(&order).await;
    let said = scene.stream(&order).await;
    let [_, ShippingEvent::ShippingFailed(failed)] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(failed.reason, "the carrier sells no label (SHIPMENT.POSTAGE.FAILURE)");
    assert!(scene.listed().await.is_empty());
}

#[tokio::test]
async fn a_carrier_that_is_out_for_a_while_offers_rates_later() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.carrier.set_without_rates(true);
    scene.allocate(&order).await;
    let request = scene.memory.all_events().remove(0);
    for deliveries in 1..=3 {
        let outcome = scene.ship().consume(&delivered(&request, deliveries).unwrap()).await;
        assert!(matches!(outcome, Err(Failure::Retry { .. })));
    }
    scene.carrier.set_without_rates(false);
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);

    let (scene, order) = (Scene::with(Provider::Easypost), order_id(2));
    scene.carrier.set_without_rates(true);
    scene.begin(&order).await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "ShippingFailed"]);
}

#[tokio::test]
async fn only_the_service_that_is_set_is_bought() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.allocate(&order).await;
    let request = scene.memory.all_events().remove(0);
    let mut ship = scene.ship();
    ship.terms.service = Some("Pigeon".to_owned());
    assert!(matches!(ship.consume(&own(&request)).await, Err(Failure::Retry { .. })));
    ship.terms.service = Some("Express".to_owned());
    ship.consume(&own(&request)).await.unwrap();
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);
}

#[tokio::test]
async fn a_label_whose_purchase_was_in_flight_when_the_customer_cancelled_is_seen_and_given_back() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.allocate(&order).await;
    let request = scene.memory.all_events().remove(0);
    scene.crashes.store(true, Ordering::Relaxed);
    scene.ship().consume(&own(&request)).await.unwrap_err();
    scene.consume(&order, cancel()).await.unwrap();
    scene.run().await;
    assert_eq!(
        scene.said(&order).await,
        ["ShipmentRequested", "ShipmentCancelled", "LabelPurchased", "LabelVoided"]
    );
    assert_eq!((scene.carrier.counts().bought, scene.carrier.counts().refunded), (1, 1));
}

#[tokio::test]
async fn no_label_is_bought_for_an_order_that_was_cancelled_first() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.allocate(&order).await;
    scene.consume(&order, cancel()).await.unwrap();
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "ShipmentCancelled"]);
    assert_eq!(scene.carrier.counts().bought, 0);
}

#[tokio::test]
async fn an_unclear_refund_is_settled_by_asking() {
    for fault in [FailsBefore, FailsAfter, TimesOutBefore, TimesOutAfter] {
        let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
        scene.begin(&order).await;
        scene.carrier.fail_next(EasyPostCall::Refund, fault.clone());
        scene.consume(&order, cancel()).await.unwrap();
        scene.run().await;
        assert_eq!(
            scene.said(&order).await,
            ["ShipmentRequested", "LabelPurchased", "ShipmentCancelled", "LabelVoided"],
            "{fault:?}"
        );
        assert_eq!(scene.carrier.counts().refunded, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_crash_between_refund_and_append_asks_for_no_second_refund() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.begin(&order).await;
    scene.consume(&order, cancel()).await.unwrap();
    let cancelled = scene.memory.all_events().pop().unwrap();
    scene.crashes.store(true, Ordering::Relaxed);
    scene.ship().consume(&own(&cancelled)).await.unwrap_err();
    scene.run().await;
    assert_eq!(scene.said(&order).await.last(), Some(&"LabelVoided"));
    assert_eq!(scene.carrier.counts().refunded, 1);
}

#[tokio::test]
async fn a_label_that_the_carrier_keeps_waits_for_somebody_who_asks_again() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.begin(&order).await;
    scene.carrier.set_rejects_refunds(true);
    scene.consume(&order, cancel()).await.unwrap();
    scene.run().await;
    let cancelled = scene.memory.all_events().remove(2);
    scene.ship().consume(&own(&cancelled)).await.unwrap();
    let said = scene.said(&order).await;
    assert_eq!(said, ["ShipmentRequested", "LabelPurchased", "ShipmentCancelled", "LabelVoidFailed"]);
    assert_eq!(scene.shipment(&order).await.label.unwrap().disposal, Disposal::VoidFailed);

    scene.carrier.set_rejects_refunds(false);
    scene.ship().consume(&own(&cancelled)).await.unwrap();
    assert_eq!(scene.said(&order).await.last(), Some(&"LabelVoided"));
    assert_eq!(scene.shipment(&order).await.standing(), Standing::Cancelled);
}

#[tokio::test]
async fn a_label_that_arrives_after_the_parcel_left_by_hand_is_given_back() {
    let (scene, order) = (Scene::with(Provider::Easypost), order_id(1));
    scene.allocate(&order).await;
    let request = scene.memory.all_events().remove(0);
    scene.crashes.store(true, Ordering::Relaxed);
    scene.ship().consume(&own(&request)).await.unwrap_err();
    let by_hand = testkit::request("POST /shipments/{order_id}/dispatch")
        .by_admin()
        .path("order_id", order.as_str())
        .json(&json!({"carrier": "Post", "tracking_code": "99"}));
    assert_eq!(scene.manage().answer(by_hand).await.unwrap().status, 202);
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "Shipped", "LabelPurchased", "LabelVoided"]);
    assert_eq!(
        (scene.shipment(&order).await.standing(), scene.carrier.labels_held()),
        (Standing::Shipped, 0)
    );
}
