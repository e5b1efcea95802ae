//! The official library of Standard Webhooks verifies our signatures, and we verify its signatures.

#![expect(clippy::unwrap_used, reason = "a test's own texts are valid")]

use http::{HeaderMap, HeaderValue};
use outbound::Secret;
use resilience::{Clock as _, SystemClock};
use standardwebhooks::Webhook;
use webhooks::{Scheme as _, StandardWebhooks};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = br#"{"type":"order.paid","data":{"order_id":"1"}}"#;

fn headers(timestamp: i64, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
    headers.insert("webhook-timestamp", HeaderValue::from(timestamp));
    headers.insert("webhook-signature", HeaderValue::from_str(signature).unwrap());
    headers
}

#[test]
fn the_official_library_verifies_our_signatures_also_during_a_rotation() {
    // The library reads the machine's clock.
    let now = SystemClock.now();
    let secrets = [StandardWebhooks::secret(&[7; 32]), Secret::new(SECRET)];
    let signature = StandardWebhooks::sign_all("msg_1", BODY, &secrets, now).unwrap();
    let headers = headers(now.as_second(), &signature);
    for secret in &secrets {
        assert!(Webhook::new(secret.expose()).unwrap().verify(BODY, &headers).is_ok());
    }
    assert!(Webhook::new(SECRET).unwrap().verify(b"{}", &headers).is_err());
}

#[test]
fn we_verify_the_signatures_of_the_official_library() {
    let now = SystemClock.now();
    let signature = Webhook::new(SECRET).unwrap().sign("msg_1", now.as_second(), BODY).unwrap();
    let headers = headers(now.as_second(), &signature);
    assert_eq!(StandardWebhooks.verify(&headers, BODY, &[Secret::new(SECRET)], now), Ok(()));
}
