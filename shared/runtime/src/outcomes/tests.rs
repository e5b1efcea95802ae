//! Outcomes are counted, and what is left of a batch is retried.

use super::*;

#[test]
fn what_is_neither_handled_nor_dead_lettered_is_left() {
    let outcomes =
        Outcomes::of([Outcome::Handled, Outcome::Retried, Outcome::DeadLettered, Outcome::Handled]);
    assert_eq!(outcomes.left_of(5), 2);
    outcomes.add(Outcome::Handled, 7);
    assert_eq!(outcomes.left_of(5), 0);
}
