//! A label that the carrier would not take back, and an operator who has it asked once more.

use super::{begun, by_hand, post, status};
use crate::Disposal;
use crate::scene::{Scene, cancel, own};
use events::{OrderId, Provider};
use runtime::queue::Consumer as _;
use serde_json::json;
use testkit::order_id;

/// A cancelled order whose label the carrier keeps.
async fn kept() -> (Scene, OrderId) {
    let (scene, order) = begun(Provider::Easypost).await;
    scene.carrier.set_rejects_refunds(true);
    scene.consume(&order, cancel()).await.unwrap();
    scene.run().await;
    assert_eq!(scene.said(&order).await.last(), Some(&"LabelVoidFailed"));
    (scene, order)
}

#[tokio::test]
async fn a_label_that_the_carrier_kept_is_given_back_when_an_operator_asks() {
    let (scene, order) = kept().await;
    scene.carrier.set_rejects_refunds(false);
    assert_eq!(status(&scene, &order, "void", json!({})).await, 202);
    assert_eq!(status(&scene, &order, "void", json!({})).await, 200, "it is asked for already");
    assert_eq!(
        scene.carrier.counts().refunded,
        0,
        "nobody calls the carrier while somebody waits for an answer"
    );
    scene.run().await;
    assert_eq!(scene.said(&order).await[3..], ["LabelVoidFailed", "LabelVoidRequested", "LabelVoided"]);
    assert_eq!(scene.carrier.counts().refunded, 1);
    assert_eq!(status(&scene, &order, "void", json!({})).await, 409, "it is given back");
    // A message of the wish that comes once more finds that.
    let wish = scene.memory.all_events().remove(4);
    scene.ship().consume(&own(&wish)).await.unwrap();
    assert_eq!((scene.said(&order).await.len(), scene.carrier.counts().refunded), (6, 1));
}

#[tokio::test]
async fn a_carrier_that_keeps_it_once_more_is_asked_as_often_as_somebody_wants() {
    let (scene, order) = kept().await;
    for asked in 1..=3 {
        assert_eq!(status(&scene, &order, "void", json!({})).await, 202);
        scene.run().await;
        let said = scene.said(&order).await;
        assert_eq!(said.iter().filter(|name| **name == "LabelVoidFailed").count(), 1 + asked);
        assert_eq!(scene.shipment(&order).await.label.unwrap().disposal, Disposal::VoidFailed);
    }
}

#[tokio::test]
async fn where_no_label_has_to_be_given_back_it_is_a_conflict() {
    let (scene, unlabelled) = begun(Provider::Warehouse).await;
    let (with_label, labelled) = begun(Provider::Easypost).await;
    for (scene, order) in [(&scene, &unlabelled), (&scene, &order_id(9)), (&with_label, &labelled)] {
        let problem = post(scene, order, "void", json!({})).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.detail.as_str()),
            (409, "there is no label that has to be given back")
        );
    }
    assert_eq!(status(&with_label, &labelled, "dispatch", by_hand()).await, 202);
    assert_eq!(status(&with_label, &labelled, "void", json!({})).await, 409, "it is on the parcel");
    assert_eq!(status(&with_label, &labelled, "void", json!({"extra": 1})).await, 422);
}
