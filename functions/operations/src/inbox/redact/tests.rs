//! Which parts of a body are hidden, and that all others stay as they are.

use super::redact;

#[test]
fn a_secret_is_hidden_and_nothing_else_changes() {
    for (body, shown) in [
        (
            r#"{"client_secret": "pi_1_secret_abc", "n": 614.0}"#,
            r#"{"client_secret": "[redacted]", "n": 614.0}"#,
        ),
        (r#"{"a":{"client_secret" : "x\"y"},"b":[]}"#, r#"{"a":{"client_secret" : "[redacted]"},"b":[]}"#),
        (r#"{"client_secret": null, "b": "c"}"#, r#"{"client_secret": null, "b": "c"}"#),
        (r#"["client_secret", "b"]"#, r#"["client_secret", "b"]"#),
        (r#"{"say": "\"client_secret\": \"b\""}"#, r#"{"say": "\"client_secret\": \"b\""}"#),
        (
            r#"{"url": "https://x?s=pi_1_secret_abc&y=1"}"#,
            r#"{"url": "https://x?s=pi_1_secret_[redacted]&y=1"}"#,
        ),
        (
            r#"{"memo": "\ud83d", "client_secret": "s"}"#,
            r#"{"memo": "\ud83d", "client_secret": "[redacted]"}"#,
        ),
        (r#"{"setup_client_secret": "s", "m": "ä"}"#, r#"{"setup_client_secret": "[redacted]", "m": "ä"}"#),
        (r#"{"a": "client_secret", "b": "c"}"#, r#"{"a": "client_secret", "b": "c"}"#),
    ] {
        assert_eq!(redact(body), shown);
        assert_eq!(redact(&redact(body)), shown, "a second time changes nothing");
    }
}
