//! Random bytes differ from each other.

use super::*;

#[test]
fn random_bytes_differ() {
    let random = SystemRandomBytes::default();
    assert_ne!(random.bytes().unwrap(), random.bytes().unwrap());
}
