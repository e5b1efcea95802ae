//! Permits are counted by endpoint, and a long wait ends.

use super::*;
use resilience::FixedClock;

#[tokio::test]
async fn each_endpoint_has_its_own_lane_and_a_long_wait_ends_without_a_permit() {
    let (lanes, clock) = (Lanes::of(1), FixedClock::at(testkit::now()));
    let permit = lanes.acquire("a", &clock).await;
    assert!(permit.is_some());
    assert!(lanes.acquire("a", &clock).await.is_none());
    assert!(lanes.acquire("b", &clock).await.is_some());
    drop(permit);
    assert!(lanes.acquire("a", &clock).await.is_some());
}
