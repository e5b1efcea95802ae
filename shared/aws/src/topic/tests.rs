//! Batches stay within the limits of SNS.

use super::*;

fn messages(sizes: &[usize]) -> Vec<Publication> {
    sizes
        .iter()
        .map(|size| Publication { body: "x".repeat(*size), event_type: "T".to_owned(), status: None })
        .collect()
}

fn lengths(sizes: &[usize]) -> Vec<usize> {
    let messages = messages(sizes);
    let placed: Vec<Placed<'_>> = messages.iter().enumerate().collect();
    batches(&placed).iter().map(|batch| batch.len()).collect()
}

fn failed(id: usize, code: &str, sender_fault: bool) -> BatchResultErrorEntry {
    let entry = BatchResultErrorEntry::builder().id(id.to_string()).code(code).sender_fault(sender_fault);
    entry.build().unwrap()
}

/// The places that can never be carried, of the batch 7, 8, 9.
fn judged(accepted: usize, failed: &[BatchResultErrorEntry]) -> Result<Vec<usize>, PublishError> {
    let messages = messages(&[1; 10]);
    let placed: Vec<Placed<'_>> = messages.iter().enumerate().skip(7).collect();
    let undeliverable = judge(&placed, accepted, failed)?;
    Ok(undeliverable.into_iter().map(|one| one.place).collect())
}

#[test]
fn a_batch_holds_at_most_ten_entries() {
    assert_eq!(lengths(&[1; 23]), [10, 10, 3]);
    assert_eq!(lengths(&[]), [0_usize; 0]);
}

#[test]
fn a_batch_is_split_by_its_bytes() {
    assert_eq!(lengths(&[120_000, 120_000, 120_000]), [2, 1]);
    assert_eq!(lengths(&[249_000, 249_000]), [1, 1]);
    // Each attribute counts with its name and type: here 4 + 6 + 1 bytes a message.
    assert_eq!(lengths(&[131_061, 131_061]), [2]);
    assert_eq!(lengths(&[131_061, 131_062]), [1, 1]);
}

#[test]
fn a_message_that_the_topic_can_never_carry_is_known_by_its_place() {
    assert_eq!(judged(3, &[]), Ok(vec![]));
    assert_eq!(judged(2, &[failed(8, "InvalidParameter", true)]), Ok(vec![8]));
    assert_eq!(
        judged(1, &[failed(7, "InvalidParameterValue", true), failed(9, "Unheard", true)]),
        Ok(vec![7, 9])
    );
}

#[test]
fn a_message_that_was_not_accepted_for_another_reason_is_published_again() {
    for (code, sender_fault) in [
        ("InternalError", false),
        ("KMSAccessDenied", true),
        ("AuthorizationError", true),
        ("ThrottledException", true),
    ] {
        let outcome = judged(1, &[failed(8, "InvalidParameter", true), failed(9, code, sender_fault)]);
        assert!(
            matches!(outcome, Err(PublishError::Unavailable { failed: 2, of: 3, .. })),
            "{code}: {outcome:?}"
        );
    }
    assert!(matches!(judged(2, &[]), Err(PublishError::Unavailable { failed: 1, of: 3, .. })));
}
