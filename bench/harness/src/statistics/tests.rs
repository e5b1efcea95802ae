//! Ratios are those of one round, and one disturbed round changes neither a ratio nor the noise.

use super::*;

#[test]
fn a_percentile_is_a_value_that_was_measured() {
    let values: Vec<u64> = (1..=100).rev().collect();
    assert_eq!((median(&values), percentile(&values, 99), percentile(&values, 100)), (50, 99, 100));
    assert_eq!((median(&[7]), percentile(&[7], 99), median(&[])), (7, 7, 0));
}

#[test]
fn a_ratio_compares_within_rounds() {
    // The second round ran on a machine of half the speed.
    assert_eq!(ratio(&[150, 300, 150], &[100, 200, 100]), Some(1500));
    assert_eq!(ratio(&[150], &[0]), None);
    assert_eq!(ratio(&[], &[]), None);
}

#[test]
fn one_disturbed_round_is_no_noise() {
    assert!(!is_too_noisy(&[100, 101, 99, 400, 100]));
}

#[test]
fn rounds_that_disagree_are_noise() {
    assert!(is_too_noisy(&[100, 140, 190, 250, 90]));
    assert!(!is_too_noisy(&[]));
}
