//! A void that the carrier refused, and the operator's request for another one.

use super::{begun, post, status, typed_code};
use crate::LabelState;
use crate::testing::{World, cancel, own};
use events::{OrderId, Provider};
use runtime::queue::Consumer as _;
use serde_json::json;
use testkit::order_id;

/// A cancelled order whose void the carrier refused.
async fn refused() -> (World, OrderId) {
    let (world, order) = begun(Provider::Easypost).await;
    world.carrier.set_rejects_refunds(true);
    world.consume(&order, cancel()).await.unwrap();
    world.run().await;
    assert_eq!(world.event_types(&order).await.last(), Some(&"LabelVoidFailed"));
    (world, order)
}

#[tokio::test]
async fn an_operator_requests_a_refused_void_again() {
    let (world, order) = refused().await;
    world.carrier.set_rejects_refunds(false);
    assert_eq!(status(&world, &order, "void", json!({})).await, 202);
    assert_eq!(status(&world, &order, "void", json!({})).await, 200, "a repeat of the request");
    assert_eq!(world.carrier.counts().refunded, 0, "the request itself calls no carrier");
    world.run().await;
    assert_eq!(
        world.event_types(&order).await[3..],
        ["LabelVoidFailed", "LabelVoidRequested", "LabelVoided"]
    );
    assert_eq!(world.carrier.counts().refunded, 1);
    assert_eq!(status(&world, &order, "void", json!({})).await, 409, "the label is void");
    // A duplicate of the message has no effect.
    let requested = world.memory.all_events().remove(4);
    world.ship().consume(&own(&requested)).await.unwrap();
    assert_eq!((world.event_types(&order).await.len(), world.carrier.counts().refunded), (6, 1));
}

#[tokio::test]
async fn an_operator_may_request_a_refused_void_any_number_of_times() {
    let (world, order) = refused().await;
    for requests in 1..=3 {
        assert_eq!(status(&world, &order, "void", json!({})).await, 202);
        world.run().await;
        let types = world.event_types(&order).await;
        assert_eq!(types.iter().filter(|name| **name == "LabelVoidFailed").count(), 1 + requests);
        assert_eq!(world.shipment(&order).await.label.unwrap().state, LabelState::VoidFailed);
    }
}

#[tokio::test]
async fn a_void_without_an_unused_label_is_a_conflict() {
    let (world, unlabelled) = begun(Provider::Warehouse).await;
    let (with_label, labelled) = begun(Provider::Easypost).await;
    for (world, order) in [(&world, &unlabelled), (&world, &order_id(9)), (&with_label, &labelled)] {
        let problem = post(world, order, "void", json!({})).await.unwrap_err();
        assert_eq!((problem.status, problem.detail.as_str()), (409, "the shipment has no label to void"));
    }
    assert_eq!(status(&with_label, &labelled, "dispatch", typed_code()).await, 202);
    assert_eq!(
        status(&with_label, &labelled, "void", json!({})).await,
        409,
        "the parcel left with the label"
    );
    assert_eq!(status(&with_label, &labelled, "void", json!({"extra": 1})).await, 422);
}
