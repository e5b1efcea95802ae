//! How long an invocation may take.

use super::*;

#[test]
fn an_invocation_ends_when_the_platform_says() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    assert_eq!(time_left(1_800_000_020_000, now), Duration::from_secs(20));
    assert_eq!(time_left(1_800_000_000_000, now), Duration::ZERO);
}

#[test]
fn a_moment_before_the_invocation_is_no_deadline() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    for no_deadline in [0, 600_000, 1_799_999_999_999] {
        assert_eq!(time_left(no_deadline, now), LONGEST);
    }
}
