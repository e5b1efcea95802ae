//! Unit tests of the `lanes` module.

use super::*;
use resilience::FixedClock;

#[tokio::test]
async fn each_endpoint_has_its_own_line_and_who_waits_too_long_is_told() {
    let (lanes, clock) = (Lanes::of(1), FixedClock::at(testkit::now()));
    let place = lanes.stand("a", &clock).await;
    assert!(place.is_some());
    assert!(lanes.stand("a", &clock).await.is_none());
    assert!(lanes.stand("b", &clock).await.is_some());
    drop(place);
    assert!(lanes.stand("a", &clock).await.is_some());
}
