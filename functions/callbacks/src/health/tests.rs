//! The limit of calls under way, their leases, and the breaker.

use super::*;
use resilience::NoJitter;
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
    assert_eq!(admit(&two, "c", 1), Admission::Busy);
    let one = two.with_result("a", 1, true, at(2)).unwrap();
    assert_eq!(admitted(&one, "c", 2).under_way(), 2);
}

#[test]
fn an_expired_lease_frees_its_place() {
    let two = admitted(&admitted(&Health::default(), "a", 0), "b", 0);
    assert_eq!(admit(&two, "c", 39), Admission::Busy);
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
    assert_eq!(admit(&broken(), "f", 1), Admission::Paused(at(30)));
    assert_eq!(broken().paused_until(at(1)), Some(at(30)));
}

#[test]
fn after_the_pause_one_probe_is_admitted_and_the_others_wait() {
    let probing = admitted(&broken(), "f", 30);
    assert_eq!(admit(&probing, "g", 31), Admission::Paused(at(70)));
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

#[test]
fn postponed_deliveries_do_not_retry_all_at_once() {
    assert_eq!(due_after_pause(at(30), &NoJitter), at(60));
}
