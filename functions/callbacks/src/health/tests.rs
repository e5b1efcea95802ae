//! The limit of calls under way, their leases, and the breaker.

use super::*;
use testkit::now;

const LEASE: Duration = Duration::from_secs(40);

fn at(seconds: u64) -> Timestamp {
    later(now(), Duration::from_secs(seconds))
}

fn admit(health: &Health, delivery: &str, second: u64) -> Admission {
    health.admit(delivery, 1, 2, at(second), later(at(second), LEASE))
}

fn admitted(health: &Health, delivery: &str, second: u64) -> Health {
    match admit(health, delivery, second) {
        Admission::Granted(health) => health,
        other => panic!("{other:?}"),
    }
}

/// A delivery that may not be called now: the health, and its place in the line.
fn deferred(health: &Health, delivery: &str, second: u64) -> (Health, Timestamp) {
    match admit(health, delivery, second) {
        Admission::Busy(health, place) | Admission::Paused(health, place) => (health, place),
        Admission::Granted(health) => panic!("{health:?}"),
    }
}

/// A call that failed at this second.
fn failed(health: &Health, delivery: &str, second: u64) -> Health {
    admitted(health, delivery, second).with_result(delivery, 1, false, at(second)).unwrap()
}

fn broken() -> Health {
    ["a", "b", "c", "d", "e"].iter().fold(Health::default(), |health, name| failed(&health, name, 0))
}

#[test]
fn calls_under_way_are_limited_and_an_ended_call_frees_its_lease() {
    let two = admitted(&admitted(&Health::default(), "a", 0), "b", 0);
    assert!(matches!(admit(&two, "c", 1), Admission::Busy(..)));
    let one = two.with_result("a", 1, true, at(2)).unwrap();
    assert_eq!(admitted(&one, "c", 2).under_way(), 2);
}

#[test]
fn an_expired_lease_frees_its_place() {
    let two = admitted(&admitted(&Health::default(), "a", 0), "b", 0);
    assert!(matches!(admit(&two, "c", 39), Admission::Busy(..)));
    assert_eq!(admitted(&two, "c", 40).under_way(), 1);
}

#[test]
fn the_holder_of_a_lease_may_call_again_at_once() {
    let two = admitted(&admitted(&Health::default(), "a", 0), "b", 0);
    assert_eq!(admitted(&two, "a", 1).under_way(), 2);
}

#[test]
fn a_call_is_counted_once_however_often_its_end_is_recorded() {
    let health = failed(&Health::default(), "a", 0);
    assert_eq!(health.with_result("a", 1, false, at(1)), None);
    assert_eq!(health.with_result("a", 1, true, at(1)), None);
    assert_eq!(health.failures, 1);
}

#[test]
fn five_failures_in_a_row_open_the_breaker_and_a_success_resets_the_count() {
    let four = ["a", "b", "c", "d"].iter().fold(Health::default(), |health, name| failed(&health, name, 0));
    let recovered = admitted(&four, "x", 1).with_result("x", 1, true, at(1)).unwrap();
    assert!(matches!(admit(&failed(&recovered, "e", 2), "f", 2), Admission::Granted(_)));
    assert_eq!(deferred(&broken(), "f", 1).1, at(30));
    assert_eq!(broken().paused_until(at(1)), Some(at(30)));
}

#[test]
fn after_the_pause_one_probe_is_admitted_and_the_others_wait() {
    let probing = admitted(&broken(), "f", 30);
    assert_eq!(deferred(&probing, "g", 31).1, at(70));
    let recovered = probing.with_result("f", 1, true, at(32)).unwrap();
    assert_eq!(
        (recovered.failures, recovered.failing_since, recovered.paused_until(at(32))),
        (0, None, None)
    );
    assert!(matches!(admit(&recovered, "g", 32), Admission::Granted(_)));
}

#[test]
fn each_failed_probe_doubles_the_pause_up_to_15_minutes() {
    let (mut health, mut second, mut pauses) = (broken(), 30, Vec::new());
    for _ in 0..7 {
        health = failed(&health, "probe", second);
        let until = health.paused_until(at(second)).unwrap();
        let pause = u64::try_from(until.duration_since(at(second)).as_secs()).unwrap();
        pauses.push(pause);
        second += pause;
    }
    assert_eq!(pauses, [60, 120, 240, 480, 900, 900, 900]);
}

#[test]
fn a_failure_from_before_the_breaker_opened_does_not_extend_the_pause() {
    let slow = admitted(&Health::default(), "slow", 0);
    let opened = ["a", "b", "c", "d", "e"].iter().fold(slow, |health, name| failed(&health, name, 0));
    let ended = opened.with_result("slow", 1, false, at(20)).unwrap();
    assert_eq!(ended.paused_until(at(20)), Some(at(30)));
}

#[test]
fn an_endpoint_has_failed_too_long_after_120_hours_without_a_success() {
    let hours = |hours: u64| at(hours * 3600);
    let health = failed(&Health::default(), "a", 0);
    assert!(!health.has_failed_too_long(at(0), hours(119)));
    assert!(health.has_failed_too_long(at(0), hours(120)));
    assert!(
        !health.has_failed_too_long(hours(100), hours(120)),
        "earlier failures do not count once it is enabled again"
    );
    assert!(!Health::default().has_failed_too_long(at(0), hours(500)));
}

/// An endpoint whose calls take this many seconds, with both places taken.
fn slow(takes: u64) -> Health {
    let once = admitted(&Health::default(), "x", 0).with_result("x", 1, true, at(takes)).unwrap();
    admitted(&admitted(&once, "a", takes), "b", takes)
}

/// The places of deliveries that ask one after the other at this second, in milliseconds after it.
fn places(health: &Health, second: u64, count: usize) -> (Health, Vec<u128>) {
    let mut places = Vec::new();
    let mut health = health.clone();
    for n in 0..count {
        let (new, place) = deferred(&health, &format!("waiting {n}"), second);
        places.push(place.duration_since(at(second)).unsigned_abs().as_millis());
        health = new;
    }
    (health, places)
}

#[test]
fn deliveries_of_a_busy_endpoint_get_places_at_the_pace_of_its_calls() {
    assert_eq!(places(&slow(10), 10, 4).1, [5000, 10_000, 15_000, 20_000]);
    assert_eq!(places(&slow(30), 30, 3).1, [15_000, 30_000, 45_000]);
    assert_eq!(places(&slow(0), 0, 3).1, [50, 100, 150], "the least pace");
}

#[test]
fn deliveries_of_a_paused_endpoint_get_places_after_the_pause() {
    assert_eq!(places(&broken(), 10, 3).1, [20_000, 20_500, 21_000]);
}

#[test]
fn no_place_is_later_than_an_hour() {
    let (_, places) = places(&slow(30), 30, 500);
    assert_eq!(places[499], 3_600_000);
    assert!(places.iter().all(|place| *place <= 3_600_000));
}

#[test]
fn the_line_gets_shorter_when_calls_take_less_time() {
    let (health, _) = places(&slow(30), 30, 100);
    let faster = health.with_result("a", 1, true, at(31)).unwrap();
    let (_, place) = deferred(&admitted(&faster, "c", 31), "d", 31);
    let seconds = place.duration_since(at(31)).as_secs();
    // A hundred places of 15 s are places of 11.4 s once the average is 22.75 s.
    assert!((1100..=1160).contains(&seconds), "{seconds}");
}

#[test]
fn only_a_success_changes_what_a_call_takes() {
    let failed = slow(10).with_result("a", 1, false, at(40)).unwrap();
    assert_eq!(failed.takes_ms, Some(10_000));
    let recovered = failed.with_result("b", 1, true, at(30)).unwrap();
    assert_eq!((recovered.takes_ms, recovered.failures), (Some(12_500), 0));
}

#[test]
fn the_health_of_an_older_build_is_read() {
    let mut old = serde_json::to_value(slow(10)).unwrap();
    let fields = old.as_object_mut().unwrap();
    fields.remove("takes_ms");
    fields.remove("line");
    for lease in fields["under_way"].as_array_mut().unwrap() {
        lease.as_object_mut().unwrap().remove("since");
    }
    let read: Health = serde_json::from_value(old).unwrap();
    assert_eq!(read.with_result("a", 1, true, at(20)).unwrap().takes_ms, None);
}
