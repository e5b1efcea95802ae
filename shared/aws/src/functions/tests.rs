//! What a function reports when it fails.

use super::*;

#[test]
fn a_functions_error_is_its_message_or_its_kind() {
    let payload = br#"{"errorType": "Failure", "errorMessage": "the topic is out"}"#;
    assert_eq!(failure("Unhandled", payload), "the topic is out");
    assert_eq!(failure("Unhandled", b"no JSON"), "Unhandled");
    assert_eq!(failure("Unhandled", b""), "Unhandled");
}
