//! The header `Idempotency-Key`, and the digest that ids are made of.

use runtime::http::digest_of;
use testkit::{RequestBuilder as _, request};

#[test]
fn a_key_is_1_to_255_printable_characters() {
    let longest = "x".repeat(255);
    for key in ["k", "with a space", "~!\"", &longest] {
        let sent = request("POST /orders").header("idempotency-key", key);
        assert_eq!(sent.idempotency_key("order"), Ok(key));
        assert_eq!(sent.idempotency_key_if_sent("order"), Ok(Some(key)));
    }
    for key in ["", "é", "a\tb", &format!("{longest}x")] {
        let sent = request("POST /orders").header("idempotency-key", key);
        let problem = sent.idempotency_key("order").unwrap_err();
        assert_eq!((problem.status, problem.kind), (400, "idempotency-key-invalid"), "{key}");
        assert!(problem.detail.ends_with("new for each order") && !problem.detail.contains("é"));
        assert_eq!(sent.idempotency_key_if_sent("order"), Err(problem), "a key that is sent must be valid");
    }
    let without = request("POST /orders");
    let problem = without.idempotency_key("order").unwrap_err();
    assert_eq!((problem.status, problem.kind), (400, "idempotency-key-missing"));
    assert_eq!(without.idempotency_key_if_sent("order"), Ok(None));
}

#[test]
fn the_digest_differs_for_different_lists_and_never_changes() {
    let digest = |parts: &[&str]| format!("{:032x}", digest_of(parts));
    assert_eq!(digest(&["a", "bc"]), "3fafa1cf2f19a7c1129beb20cf0983f7");
    assert_eq!(digest(&["ab", "c"]), "601d5476e2ccfe2c87a2bba7a3226597");
}
