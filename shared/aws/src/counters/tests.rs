//! Unit tests of the `counters` module.

use super::*;

/// The verdict on a transaction of one event and two moves that was cancelled for these reasons.
fn of(codes: [&str; 3]) -> TransactionError {
    let reasons = codes.map(|code| CancellationReason::builder().code(code).build());
    let moves = ["sku#A", "sku#B"].map(|pk| Move { key: Key::new(pk, "stock"), changes: vec![] });
    verdict(&reasons, 1, &moves, "told")
}

const FAILED: &str = "ConditionalCheckFailed";

#[test]
fn a_throttle_or_a_conflict_says_nothing_about_the_stock() {
    for passing in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "NeverHeardOf"]
    {
        for codes in [["None", passing, "None"], ["None", FAILED, passing], [passing, "None", FAILED]] {
            let unclear = TransactionError::Store(StoreError::Unavailable("told".to_owned()));
            assert_eq!(of(codes), unclear, "{codes:?}");
        }
    }
}

#[test]
fn only_a_failed_condition_is_short_and_a_taken_place_comes_before_it() {
    assert_eq!(of(["None", FAILED, "None"]), TransactionError::Short(vec![Key::new("sku#A", "stock")]));
    assert_eq!(of([FAILED, FAILED, "TransactionConflict"]), TransactionError::Conflict);
}
