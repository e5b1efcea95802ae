//! A dead letter is accepted, whatever its reason quotes.

use super::*;

#[test]
fn a_reason_has_only_characters_that_sqs_accepts() {
    assert_eq!(sendable("no\u{0}t a\u{ffff} t\u{fffe}ext\n"), "not a text");
    assert_eq!(sendable("\u{ffff}"), "unknown");
    assert_eq!(sendable(&"é".repeat(2000)).chars().count(), 1000);
}
