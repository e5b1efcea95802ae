//! What is deployed unwinds after a panic: the runner catches it, so that it affects one message, request or record.

use crate::root;

#[test]
fn every_profile_unwinds() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let release = manifest.split("[profile.release]").nth(1).and_then(|rest| rest.split("\n[").next());
    assert!(release.is_some_and(|lines| lines.contains("panic = \"unwind\"")), "{release:?}");
    assert!(!manifest.contains("panic = \"abort\""), "a profile ends the process at a panic");
}
