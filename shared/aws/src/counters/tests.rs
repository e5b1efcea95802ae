//! What the reasons of a cancelled transaction mean.

use super::*;

/// The error of a transaction of one event and two moves that was cancelled for these reasons.
fn error_of(codes: [&str; 3]) -> TransactionError {
    let reasons = codes.map(|code| CancellationReason::builder().code(code).build());
    let moves = ["sku#A", "sku#B"].map(|pk| Move::new(Key::new(pk, "stock"), vec![]));
    cancelled_because(&reasons, 1, &moves, "description")
}

const FAILED: &str = "ConditionalCheckFailed";

#[test]
fn a_throttle_or_a_conflict_proves_nothing_about_the_stock() {
    for unclear in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "UnknownCode"]
    {
        for codes in [["None", unclear, "None"], ["None", FAILED, unclear], [unclear, "None", FAILED]] {
            let unavailable = TransactionError::Store(StoreError::Unavailable("description".to_owned()));
            assert_eq!(error_of(codes), unavailable, "{codes:?}");
        }
    }
}

#[test]
fn data_that_the_table_cannot_hold_is_no_outage() {
    for codes in [["ValidationError", "None", "None"], ["None", FAILED, "ValidationError"]] {
        assert!(matches!(error_of(codes), TransactionError::Store(StoreError::Invalid(_))), "{codes:?}");
    }
    assert_eq!(error_of([FAILED, "ValidationError", "None"]), TransactionError::Conflict);
}

#[test]
fn only_a_failed_condition_is_a_refusal_and_a_taken_place_decides_first() {
    assert_eq!(
        error_of(["None", FAILED, "None"]),
        TransactionError::Refused(vec![(Key::new("sku#A", "stock"), Counts::default())])
    );
    assert_eq!(error_of([FAILED, FAILED, "TransactionConflict"]), TransactionError::Conflict);
}
