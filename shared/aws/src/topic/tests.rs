//! Batches stay within the limits of SNS.

use super::*;

fn messages(sizes: &[usize]) -> Vec<Publication> {
    sizes
        .iter()
        .map(|size| Publication { body: "x".repeat(*size), event_type: "T".to_owned(), status: None })
        .collect()
}

fn lengths(sizes: &[usize]) -> Vec<usize> {
    batches(&messages(sizes)).iter().map(|batch| batch.len()).collect()
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
}
