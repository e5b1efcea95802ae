//! Only the answers of happy samples are measured.

use super::*;

#[test]
fn a_refusal_is_no_happy_answer() {
    assert!(check(Trigger::Http, br#"{"statusCode": 201}"#).is_ok());
    assert!(check(Trigger::Http, br#"{"statusCode": 429}"#).is_err());
    assert!(check(Trigger::Http, b"null").is_err());
}

#[test]
fn a_batch_with_failures_is_no_happy_answer() {
    assert!(check(Trigger::Queue, br#"{"batchItemFailures": []}"#).is_ok());
    assert!(check(Trigger::Queue, br#"{"batchItemFailures": [{"itemIdentifier": "1"}]}"#).is_err());
    assert!(check(Trigger::Queue, b"").is_err());
}
