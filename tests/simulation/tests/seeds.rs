//! The simulation with a few seeds: the real code of every step, every fault, every invariant. `make simulate` runs more.
//!
//! A failing seed prints the command that runs it alone.

use simulation::{Report, run};
use std::collections::BTreeSet;

const SEEDS: u64 = 30;
const ORDERS: u64 = 60;

#[test]
fn whatever_fails_every_invariant_i1_to_i8_holds_and_every_order_ends() {
    let mut all = Report::default();
    for seed in 1..=SEEDS {
        let report = run(seed, ORDERS);
        assert!(
            report.violations.is_empty(),
            "make simulate SEEDS={seed} ORDERS={ORDERS}: {:#?}",
            report.violations
        );
        all.add(report);
    }
    println!("{all:#?}");
    assert_eq!(all.orders, SEEDS * ORDERS, "every checkout was made");
    let ends: BTreeSet<&str> = all.ends.keys().map(String::as_str).collect();
    for end in
        ["cancelled", "delivered", "expired", "out_of_stock", "payment_failed", "returned", "shipping_failed"]
    {
        assert!(ends.contains(end), "no order ended {end}: {ends:?}");
    }
    for end in ["delivered", "ended: endpoint_disabled", "exhausted"] {
        assert!(all.deliveries.contains_key(end), "no delivery is {end}: {:?}", all.deliveries);
    }
    for (kind, count) in &all.overtakings {
        assert!(*count > 0, "never happened: {kind}");
    }
    assert!(all.erased > 20, "only {} customers were erased", all.erased);
    assert!(all.faults.len() >= 39, "a kind of fault never happened: {:?}", all.faults);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(run(7, 30), run(7, 30));
    assert_ne!(run(7, 30).trace, run(8, 30).trace);
    assert!(!run(7, 30).deliveries.is_empty(), "the world of seed 7 has endpoints");
}
