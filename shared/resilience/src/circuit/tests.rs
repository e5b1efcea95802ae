//! When the circuit opens, lets a probe through and closes, and which calls may change it.

use super::*;

const WITHIN: Duration = Duration::from_secs(6);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn failing(circuit: &Circuit, lease: Option<Lease>, second: i64) -> Circuit {
    circuit.record(lease, Outcome::Failed, at(second)).unwrap()
}

/// Opened at second 4, until second 19.
fn opened() -> Circuit {
    (0..5).fold(Circuit::default(), |circuit, second| failing(&circuit, None, second))
}

fn probed(circuit: &Circuit, second: i64) -> (Circuit, Lease) {
    match circuit.enter(at(second), WITHIN) {
        Entry::Probe(circuit, lease) => (circuit, lease),
        other => panic!("{other:?}"),
    }
}

#[test]
fn five_failures_within_a_minute_open_it_and_four_do_not() {
    let four = (0..4).fold(Circuit::default(), |circuit, second| failing(&circuit, None, second));
    assert_eq!(four.enter(at(4), WITHIN), Entry::Closed);
    assert_eq!(failing(&four, None, 59).enter(at(60), WITHIN), Entry::Open(at(59 + 15)));
    assert_eq!(
        failing(&four, None, 60).enter(at(60), WITHIN),
        Entry::Closed,
        "the first failure no longer counts"
    );
}

#[test]
fn a_success_clears_failures_and_else_changes_nothing() {
    let four = (0..4).fold(Circuit::default(), |circuit, second| failing(&circuit, None, second));
    assert!(four.has_recent_failures(at(4)) && !four.has_recent_failures(at(64)));
    let back = four.record(None, Outcome::Answered, at(4)).unwrap();
    assert_eq!(back, Circuit::default());
    assert_eq!(back.record(None, Outcome::Answered, at(5)), None);
    assert_eq!(four.record(None, Outcome::Unknown, at(4)), None);
}

#[test]
fn an_open_circuit_lets_one_probe_through_after_its_pause() {
    let open = opened();
    assert_eq!(open.enter(at(18), WITHIN), Entry::Open(at(19)));
    let (probed, _) = probed(&open, 19);
    assert_eq!(probed.enter(at(19), WITHIN), Entry::Open(at(25)), "until the probe must have ended");
}

#[test]
fn a_successful_probe_closes_it_and_a_failed_one_doubles_the_pause() {
    let (circuit, lease) = probed(&opened(), 19);
    assert_eq!(circuit.record(Some(lease), Outcome::Answered, at(20)), Some(Circuit::default()));
    let (mut circuit, mut second, mut pauses) = (opened(), 19, Vec::new());
    for _ in 0..6 {
        let (probed, lease) = probed(&circuit, second);
        circuit = failing(&probed, Some(lease), second);
        let until = circuit.open_until().unwrap();
        pauses.push(until.as_second() - at(second).as_second());
        second = until.as_second() - at(0).as_second();
    }
    assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
    assert_eq!(circuit.open_since(), Some(at(4)), "it is one outage");
}

#[test]
fn after_a_dead_probe_another_goes_through_once_the_lease_expired() {
    let (dead, old) = probed(&opened(), 19);
    assert_eq!(dead.enter(at(24), WITHIN), Entry::Open(at(25)));
    let (taken_over, new) = probed(&dead, 25);
    assert_eq!(
        taken_over.record(Some(old), Outcome::Failed, at(26)),
        None,
        "the old holder of the lease changes nothing"
    );
    assert_eq!(taken_over.record(Some(old), Outcome::Answered, at(26)), None);
    assert!(taken_over.record(Some(new), Outcome::Answered, at(26)).is_some());
}

#[test]
fn a_call_from_before_it_opened_changes_nothing() {
    let (probed, _) = probed(&opened(), 19);
    for circuit in [opened(), probed] {
        for outcome in [Outcome::Answered, Outcome::Failed, Outcome::Unknown] {
            assert_eq!(circuit.record(None, outcome, at(20)), None);
        }
    }
}

#[test]
fn after_a_probe_that_proves_nothing_the_next_goes_through_at_once() {
    let (circuit, lease) = probed(&opened(), 19);
    let back = circuit.record(Some(lease), Outcome::Unknown, at(20)).unwrap();
    assert!(matches!(back.enter(at(20), WITHIN), Entry::Probe(..)));
}
