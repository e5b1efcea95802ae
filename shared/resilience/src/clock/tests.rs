//! The machine's clock goes on, and that of tests goes on as it is advanced.

use super::*;

/// The day on which this was written, so no clock that works is behind it.
const WRITTEN: &str = "2026-11-30T00:00:00Z";

#[tokio::test]
async fn the_clock_of_the_machine_goes_on_by_what_is_slept() {
    let before = SystemClock.now();
    SystemClock.sleep(Duration::from_millis(30)).await;
    let slept = SystemClock.now().duration_since(before);
    assert!(before > WRITTEN.parse().unwrap(), "{before}");
    // The clock may be set back meanwhile, by milliseconds.
    assert!(slept.as_millis() >= 25, "{slept:?}");
}

#[test]
fn a_fixed_clock_stands_still_until_it_is_advanced() {
    let written: Timestamp = WRITTEN.parse().unwrap();
    let clock = FixedClock::at(written);
    assert_eq!(clock.now(), written);
    clock.advance(Duration::from_secs(90));
    assert_eq!(clock.now(), "2026-11-30T00:01:30Z".parse().unwrap());
}

#[tokio::test]
async fn a_sleep_of_a_fixed_clock_lets_other_tasks_run() {
    let clock = FixedClock::at(WRITTEN.parse().unwrap());
    let others_ran = std::cell::Cell::new(false);
    let sleeping = async {
        clock.sleep(Duration::from_secs(90)).await;
        assert!(others_ran.get());
    };
    tokio::join!(sleeping, async { others_ran.set(true) });
    assert_eq!(clock.now(), WRITTEN.parse().unwrap());
}
