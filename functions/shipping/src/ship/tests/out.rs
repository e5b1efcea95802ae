//! The carrier is out for a while, and its breaker stands before it: nothing is asked, no patience is spent, and what waits is
//! done once it is back.

use crate::scene::{Scene, allocated, cancel, own};
use events::Envelope;
use resilience::{BackOff, Clock as _, Failure, NoJitter};
use runtime::queue::Consumer as _;
use std::time::Duration;
use testkit::{delivered, message, order_id};

const HOUR: Duration = Duration::from_hours(1);

/// The message is delivered, and comes back when it is to, until it is done or has been delivered so often.
async fn delivered_up_to(scene: &Scene, envelope: &Envelope, most: u32) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for deliveries in 1..=most {
        outcome = scene.ship().consume(&delivered(envelope, deliveries).unwrap()).await;
        match &outcome {
            Err(Failure::Retry { after, .. }) => {
                let wait = after.unwrap_or_else(|| BackOff::MESSAGE.wait(deliveries, &NoJitter));
                scene.clock.advance(wait);
            }
            Ok(()) | Err(Failure::Reject { .. }) => return outcome,
        }
    }
    outcome
}

#[tokio::test]
async fn a_carrier_that_is_out_for_an_hour_sells_one_label_when_it_is_back() {
    let (scene, outage) = Scene::behind_a_breaker();
    let order = order_id(1);
    scene.consume(&order, crate::scene::placed_event()).await.unwrap();
    outage.begin(HOUR);
    let (began, message) = (scene.clock.now(), message(&order, 1, &allocated()));
    delivered_up_to(&scene, &message.envelope, 100).await.unwrap();
    let late =
        Duration::try_from(scene.clock.now().duration_since(began)).unwrap().checked_sub(HOUR).unwrap();
    assert!(late <= Duration::from_mins(5), "it is back for {late:?}, and nobody has noticed");
    assert!(
        outage.calls() <= 5 + 16,
        "those that showed it, and one at the end of each pause: {}",
        outage.calls()
    );
    scene.run().await;
    assert_eq!(scene.said(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!((scene.carrier.counts().created, scene.carrier.counts().bought), (1, 1));
}

/// A message is delivered again and again while the carrier is out. None of these times did it say that it has no rate.
#[tokio::test]
async fn an_outage_is_not_taken_for_a_carrier_that_offers_no_rate() {
    let (scene, outage) = Scene::behind_a_breaker();
    let order = order_id(1);
    scene.allocate(&order).await;
    let request = scene.memory.all_events().remove(0);
    outage.begin(HOUR);
    scene.carrier.set_without_rates(true);
    delivered_up_to(&scene, &request, 12).await.unwrap_err();
    scene.clock.advance(HOUR);
    for deliveries in 13..18 {
        let outcome = scene.ship().consume(&delivered(&request, deliveries).unwrap()).await;
        assert!(matches!(outcome, Err(Failure::Retry { .. })), "{deliveries}: {outcome:?}");
    }
    assert_eq!(scene.said(&order).await, ["ShipmentRequested"]);
    scene.ship().consume(&delivered(&request, 18).unwrap()).await.unwrap();
    assert_eq!(
        scene.said(&order).await,
        ["ShipmentRequested", "ShippingFailed"],
        "the sixth time it said so"
    );
}

#[tokio::test]
async fn a_label_is_given_back_once_when_the_carrier_is_back() {
    let (scene, outage) = Scene::behind_a_breaker();
    let order = order_id(1);
    scene.begin(&order).await;
    scene.consume(&order, cancel()).await.unwrap();
    let cancelled = scene.memory.all_events().pop().unwrap();
    scene.clock.advance(Duration::from_secs(6));
    outage.begin(HOUR);
    for _ in 0..5 {
        scene.ship().consume(&own(&cancelled)).await.unwrap_err();
    }
    for _ in 0..3 {
        let outcome = scene.ship().consume(&own(&cancelled)).await;
        let Err(Failure::Retry { after, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((after, outage.calls()), (Some(Duration::from_secs(15)), 5));
    }
    delivered_up_to(&scene, &cancelled, 100).await.unwrap();
    assert_eq!(scene.said(&order).await.last(), Some(&"LabelVoided"));
    assert_eq!(scene.carrier.counts().refunded, 1);
}
