//! Every test run explores the small scenarios completely.

use model::{LARGE, Report, SMALL, Scenario, explore};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// More than any of them takes on a busy machine. An exploration that is cut off is not complete, and fails.
const LONGEST: Duration = Duration::from_mins(10);

fn wrong(scenario: &Scenario, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    if !report.is_complete && report.counterexamples.is_empty() {
        wrong.push(format!("{}: not explored completely", scenario.name));
    }
    for (property, path) in &report.counterexamples {
        wrong.push(format!("{}: {property} does not hold:\n    {}", scenario.name, path.join("\n    ")));
    }
    for end in &report.missing_ends {
        wrong.push(format!("{}: no order ended `{end}`", scenario.name));
    }
    wrong
}

#[test]
fn whatever_happens_in_any_order_i1_to_i6_hold_and_an_end_is_reachable_from_every_state() {
    let next = AtomicUsize::new(0);
    let explore_some = || {
        let mut found = Vec::new();
        while let Some(scenario) = SMALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.extend(wrong(scenario, &explore(scenario, LONGEST, |_, _| {})));
        }
        found
    };
    let found: Vec<String> = std::thread::scope(|scope| {
        let workers = [scope.spawn(explore_some), scope.spawn(explore_some)];
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_scenario_has_the_same_number_of_states_each_time() {
    let scenario =
        SMALL.iter().find(|scenario| scenario.name == "expiry beside a charge").expect("a scenario");
    let [first, second] = [(); 2].map(|()| explore(scenario, LONGEST, |_, _| {}));
    assert!(first.is_complete && first.unique > 1000, "{} states", first.unique);
    assert_eq!((first.states, first.unique, first.ends), (second.states, second.unique, second.ends));
}

/// `make model` checks a name against this list before it compiles anything.
#[test]
fn scenarios_txt_lists_the_scenarios() {
    let small = SMALL.iter().map(|scenario| format!("{}\n", scenario.name));
    let large = LARGE.iter().map(|scenario| format!("deep: {}\n", scenario.name));
    assert_eq!(include_str!("../scenarios.txt"), small.chain(large).collect::<String>());
}
