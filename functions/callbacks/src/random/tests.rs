//! Generated secrets differ from each other.

use super::*;

#[test]
fn two_secrets_differ() {
    let random = SystemRandomBytes::default();
    assert_ne!(random.bytes().unwrap(), random.bytes().unwrap());
}
