//! The carrier is down for an hour behind its breaker: calls are held back, no patience is spent, and each message has one
//! effect afterwards.

use crate::testing::{World, allocated, cancel, own};
use events::Envelope;
use resilience::{BackOff, Clock as _, Failure, NoJitter};
use runtime::queue::Consumer as _;
use std::time::Duration;
use testkit::{delivered, message, order_id};

const HOUR: Duration = Duration::from_hours(1);

/// Delivers the message, and redelivers it after the wait of each retry, at most `most` times.
async fn deliver_up_to(world: &World, envelope: &Envelope, most: u32) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for deliveries in 1..=most {
        outcome = world.ship().consume(&delivered(envelope, deliveries).unwrap()).await;
        match &outcome {
            Err(Failure::Retry { after, .. }) => {
                let wait = after.unwrap_or_else(|| BackOff::MESSAGE.wait(deliveries, &NoJitter));
                world.clock.advance(wait);
            }
            Ok(()) | Err(Failure::Reject { .. }) => return outcome,
        }
    }
    outcome
}

#[tokio::test]
async fn a_carrier_that_is_down_for_an_hour_sells_one_label_afterwards() {
    let (world, outage) = World::behind_a_breaker();
    let order = order_id(1);
    world.consume(&order, crate::testing::placed_event()).await.unwrap();
    outage.begin(HOUR);
    let (began, message) = (world.clock.now(), message(&order, 1, &allocated()));
    deliver_up_to(&world, &message.envelope, 100).await.unwrap();
    let late =
        Duration::try_from(world.clock.now().duration_since(began)).unwrap().checked_sub(HOUR).unwrap();
    assert!(late <= Duration::from_mins(5), "the carrier was up for {late:?} before the next call");
    assert!(
        outage.calls() <= 5 + 16,
        "the failures that open the breaker, and one call after each pause: {}",
        outage.calls()
    );
    world.run().await;
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested", "LabelPurchased"]);
    assert_eq!((world.carrier.counts().created, world.carrier.counts().bought), (1, 1));
}

/// The message is redelivered while the carrier is down. None of these deliveries is an answer of the carrier.
#[tokio::test]
async fn an_outage_does_not_count_as_an_answer_without_rates() {
    let (world, outage) = World::behind_a_breaker();
    let order = order_id(1);
    world.allocate(&order).await;
    let request = world.memory.all_events().remove(0);
    outage.begin(HOUR);
    world.carrier.set_without_rates(true);
    deliver_up_to(&world, &request, 12).await.unwrap_err();
    world.clock.advance(HOUR);
    for deliveries in 13..18 {
        let outcome = world.ship().consume(&delivered(&request, deliveries).unwrap()).await;
        assert!(matches!(outcome, Err(Failure::Retry { .. })), "{deliveries}: {outcome:?}");
    }
    assert_eq!(world.event_types(&order).await, ["ShipmentRequested"]);
    world.ship().consume(&delivered(&request, 18).unwrap()).await.unwrap();
    assert_eq!(
        world.event_types(&order).await,
        ["ShipmentRequested", "ShippingFailed"],
        "at the sixth answer without a rate"
    );
}

#[tokio::test]
async fn a_label_is_voided_once_after_an_outage() {
    let (world, outage) = World::behind_a_breaker();
    let order = order_id(1);
    world.begin(&order).await;
    world.consume(&order, cancel()).await.unwrap();
    let cancelled = world.memory.all_events().pop().unwrap();
    world.clock.advance(Duration::from_secs(6));
    outage.begin(HOUR);
    for _ in 0..5 {
        world.ship().consume(&own(&cancelled)).await.unwrap_err();
    }
    for _ in 0..3 {
        let outcome = world.ship().consume(&own(&cancelled)).await;
        let Err(Failure::Retry { after, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((after, outage.calls()), (Some(Duration::from_secs(15)), 5));
    }
    deliver_up_to(&world, &cancelled, 100).await.unwrap();
    assert_eq!(world.event_types(&order).await.last(), Some(&"LabelVoided"));
    assert_eq!(world.carrier.counts().refunded, 1);
}
