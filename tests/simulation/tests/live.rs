//! Pages that follow orders, with a few seeds, and the first page's connection cut at every event.

use simulation::{LiveReport, MOVES, follow_orders};

const SEEDS: u64 = 40;

#[test]
fn a_client_that_follows_the_rules_ends_equal_to_get() {
    let mut all = LiveReport::default();
    for seed in 1..=SEEDS {
        for cut_after in 1..=MOVES {
            let report = follow_orders(seed, cut_after);
            assert!(
                report.violations.is_empty(),
                "seed {seed}, cut after event {cut_after}: {:#?}",
                report.violations
            );
            all.add(report);
        }
    }
    println!("{all:?}");
    for (what, count) in
        [("applied", all.applied), ("ignored", all.ignored), ("lost", all.lost), ("cut", all.cut)]
    {
        assert!(count > 1000, "only {count} were {what}");
    }
}
