//! No scheme verifies a body that its secret did not sign, whatever the headers, and none panics.

use crate::SECRET;
use http::{HeaderMap, HeaderName, HeaderValue};
use outbound::Secret;
use webhooks::{EasyPost, GitHub, Refusal, Scheme, Shopify, StandardWebhooks, Stripe};

/// The placeholder in the headers for the true signature, which no fuzzer can guess.
const TRUE_SIGNATURE: &str = "{sig}";

/// The bytes are lines with headers (`name: value`, `{sig}` for the true signature), an empty line, and the body.
pub fn signatures(data: &[u8]) -> bool {
    let end = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((data, &[][..]), |end| (&data[..end], &data[end + 2..]));
    let head = String::from_utf8_lossy(head);
    let (secret, now) = (Secret::new(SECRET), testkit::now());
    let schemes: [(&dyn Scheme, String); 5] = [
        (&Stripe, after(&Stripe::sign(body, &secret, now), "v1=")),
        (&StandardWebhooks, after(&standard(&head, body, &secret), "v1,")),
        (&EasyPost, after(&EasyPost::sign(body, &secret), "hmac-sha256-hex=")),
        (&GitHub, after(&GitHub::sign(body, &secret), "sha256=")),
        (&Shopify, Shopify::sign(body, &secret)),
    ];
    let mut verified = false;
    for (scheme, signature) in schemes {
        let headers = headers(&head.replace(TRUE_SIGNATURE, &signature));
        let verdict = scheme.verify(&headers, body, std::slice::from_ref(&secret), now);
        assert!(verdict.is_err() || head.contains(TRUE_SIGNATURE), "a signature was forged");
        let other = scheme.verify(&headers, body, &[Secret::new("whsec_YW5vdGhlciBzZWNyZXQ=")], now);
        assert!(other.is_err(), "another secret verifies the body");
        let longer = [body, b" "].concat();
        let tampered = scheme.verify(&headers, &longer, std::slice::from_ref(&secret), now);
        assert!(tampered.is_err(), "the signature verifies another body");
        let empty = scheme.verify(&headers, body, &[Secret::new("")], now);
        assert!(empty.is_err(), "an empty secret verifies the body");
        if verdict.is_ok() {
            let unset = scheme.verify(&headers, body, &[], now);
            assert_eq!(unset, Err(Refusal::EmptySecret), "without a secret the body is verified");
            verified = true;
        }
    }
    verified
}

fn after(text: &str, mark: &str) -> String {
    text.split_once(mark).map(|(_, signature)| signature.to_owned()).unwrap_or_default()
}

/// Standard Webhooks signs the id too; it is in the headers.
fn standard(head: &str, body: &[u8], secret: &Secret) -> String {
    let id = headers(head).get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    StandardWebhooks::sign(&id, body, secret, testkit::now()).expect("the secret is valid")
}

fn headers(head: &str) -> HeaderMap {
    let pairs = head.lines().filter_map(|line| line.split_once(": "));
    // HTTP does not carry other headers.
    pairs
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .collect()
}
