//! The breaker and the bulkhead, by their facts.

use super::*;
use resilience::NoJitter;
use testkit::now;

const LEASE: Duration = Duration::from_secs(40);

fn at(seconds: u64) -> Timestamp {
    later(now(), Duration::from_secs(seconds))
}

fn enter(health: &Health, delivery: &str, second: u64) -> Entry {
    health.enter(delivery, 1, 2, at(second), later(at(second), LEASE))
}

fn admitted(health: &Health, delivery: &str, second: u64) -> Health {
    match enter(health, delivery, second) {
        Entry::Admitted(health) => health,
        other => panic!("{other:?}"),
    }
}

/// A call that failed at this second.
fn failed(health: &Health, delivery: &str, second: u64) -> Health {
    admitted(health, delivery, second).left(delivery, 1, false, at(second)).unwrap()
}

fn broken() -> Health {
    ["a", "b", "c", "d", "e"].iter().fold(Health::default(), |health, name| failed(&health, name, 0))
}

#[test]
fn no_more_calls_are_under_way_than_may_be_and_one_that_ends_makes_room() {
    let two = admitted(&admitted(&Health::default(), "a", 0), "b", 0);
    assert_eq!(enter(&two, "c", 1), Entry::Busy);
    let one = two.left("a", 1, true, at(2)).unwrap();
    assert_eq!(admitted(&one, "c", 2).under_way(), 2);
}

#[test]
fn a_call_whose_function_died_makes_room_when_its_lease_runs_out() {
    let two = admitted(&admitted(&Health::default(), "a", 0), "b", 0);
    assert_eq!(enter(&two, "c", 39), Entry::Busy);
    assert_eq!(admitted(&two, "c", 40).under_way(), 1);
}

#[test]
fn who_died_on_the_way_may_try_again_at_once() {
    let two = admitted(&admitted(&Health::default(), "a", 0), "b", 0);
    assert_eq!(admitted(&two, "a", 1).under_way(), 2);
}

#[test]
fn a_call_counts_once_however_often_its_end_is_told() {
    let health = failed(&Health::default(), "a", 0);
    assert_eq!(health.left("a", 1, false, at(1)), None);
    assert_eq!(health.left("a", 1, true, at(1)), None);
    assert_eq!(health.failures, 1);
}

#[test]
fn five_failures_in_a_row_open_the_breaker_and_a_success_starts_the_count_anew() {
    let four = ["a", "b", "c", "d"].iter().fold(Health::default(), |health, name| failed(&health, name, 0));
    let mended = admitted(&four, "x", 1).left("x", 1, true, at(1)).unwrap();
    assert!(matches!(enter(&failed(&mended, "e", 2), "f", 2), Entry::Admitted(_)));
    assert_eq!(enter(&broken(), "f", 1), Entry::Paused(at(30)));
    assert_eq!(broken().paused_until(at(1)), Some(at(30)));
}

#[test]
fn after_the_pause_one_probe_goes_and_the_others_wait_for_it() {
    let probing = admitted(&broken(), "f", 30);
    assert_eq!(enter(&probing, "g", 31), Entry::Paused(at(70)));
    let mended = probing.left("f", 1, true, at(32)).unwrap();
    assert_eq!((mended.failures, mended.failing_since, mended.paused_until(at(32))), (0, None, None));
    assert!(matches!(enter(&mended, "g", 32), Entry::Admitted(_)));
}

#[test]
fn each_probe_that_fails_doubles_the_pause_up_to_a_quarter_of_an_hour() {
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
fn a_call_that_was_under_way_when_the_breaker_opened_opens_it_no_further() {
    let slow = admitted(&Health::default(), "slow", 0);
    let opened = ["a", "b", "c", "d", "e"].iter().fold(slow, |health, name| failed(&health, name, 0));
    let ended = opened.left("slow", 1, false, at(20)).unwrap();
    assert_eq!(ended.paused_until(at(20)), Some(at(30)));
}

#[test]
fn an_endpoint_is_hopeless_after_120_hours_without_a_success_since_it_was_enabled() {
    let hours = |hours: u64| at(hours * 3600);
    let health = failed(&Health::default(), "a", 0);
    assert!(!health.is_hopeless(at(0), hours(119)));
    assert!(health.is_hopeless(at(0), hours(120)));
    assert!(!health.is_hopeless(hours(100), hours(120)), "enabling it anew forgives");
    assert!(!Health::default().is_hopeless(at(0), hours(500)));
}

#[test]
fn what_was_put_off_does_not_come_back_all_at_once() {
    assert_eq!(back_at(at(30), &NoJitter), at(60));
}
