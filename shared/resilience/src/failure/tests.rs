//! A failure keeps its reason, whatever is said before it.

use super::*;

#[test]
fn a_failure_reads_as_its_reason_and_as_what_failed() {
    for failure in [Failure::retry("the table is out"), Failure::reject("the table is out")] {
        assert_eq!(
            (failure.reason(), failure.to_string().as_str()),
            ("the table is out", "the table is out")
        );
        let during = failure.during("charge the card");
        assert_eq!(during.reason(), "failed to charge the card: the table is out");
        assert_eq!(during.to_string(), during.reason());
    }
}

#[test]
fn what_failed_changes_neither_the_kind_nor_the_wait() {
    let wait = Duration::from_secs(7);
    let later = Failure::retry_after("it is paused", wait).during("charge the card");
    assert!(matches!(later, Failure::Retry { after: Some(after), .. } if after == wait), "{later:?}");
    assert!(matches!(Failure::retry("x").during("y"), Failure::Retry { after: None, .. }));
    assert!(matches!(Failure::reject("x").during("y"), Failure::Reject { .. }));
}
