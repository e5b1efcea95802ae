//! Every distinct event of another service is recorded once, for a known order only.

use crate::testing::{World, delivered_order};
use resilience::Failure;
use runtime::queue::Consumer as _;

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
