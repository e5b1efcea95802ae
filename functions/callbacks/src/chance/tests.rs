//! Unit tests of the `chance` module.

use super::*;

#[test]
fn no_two_secrets_are_the_same() {
    let chance = SystemChance::default();
    assert_ne!(chance.bytes().unwrap(), chance.bytes().unwrap());
}
