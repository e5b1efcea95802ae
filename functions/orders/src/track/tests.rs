//! Every distinct event of another service is recorded once, for a known order only.

use crate::testing::{World, cancelled_order, delivered_order, publish};
use events::{PaymentFailed, PaymentsEvent};
use resilience::Failure;
use runtime::queue::{Consumer as _, Message};

#[tokio::test]
async fn a_duplicate_event_is_recorded_once() {
    let world = World::default();
    world.place(1).await;
    for _ in 0..3 {
        for message in delivered_order() {
            world.track.consume(&message).await.unwrap();
        }
    }
    assert_eq!(world.events(), 1 + delivered_order().len());
}

#[tokio::test]
async fn an_event_for_an_unknown_order_is_rejected() {
    let failure = World::default().track.consume(&delivered_order()[0]).await.unwrap_err();
    assert!(matches!(failure, Failure::Reject { .. }));
}

/// What each update after these facts says about the payment.
async fn paid_after(facts: &[Message]) -> Vec<bool> {
    let world = World::default();
    world.place(1).await;
    for message in facts {
        world.track.consume(message).await.unwrap();
    }
    let updates = world.table.all_events().into_iter().skip(1);
    updates.map(|update| update.data["paid"].as_bool().unwrap_or(false)).collect()
}

#[tokio::test]
async fn an_update_says_whether_the_order_was_paid_by_then() {
    let paid = paid_after(&delivered_order()).await;
    assert_eq!((paid.first(), paid.last()), (Some(&false), Some(&true)));
    assert_eq!(paid_after(&cancelled_order()).await.last(), Some(&true));
    let failed = publish::<PaymentsEvent>(1, PaymentFailed { code: "card_declined".to_owned() });
    assert_eq!(paid_after(&[failed]).await, [false]);
}
