//! Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64> v1,<base64>`.
//!
//! HMAC-SHA256 over `<id>.<timestamp>.<body>`. The timestamp is signed in its canonical form, however it was written; the key
//! is the base64-decoded secret after `whsec_`. `v1a` (asymmetric) is skipped. A repeat is recognised by its `webhook-id`.

use crate::scheme::{header, is_fresh};
use crate::{Refusal, Scheme, TOLERANCE, mac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use outbound::Secret;
use std::time::Duration;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
const PREFIX: &str = "whsec_";

/// The scheme of Standard Webhooks 1.0.
#[derive(Debug, Clone, Copy, Default)]
pub struct StandardWebhooks;

impl StandardWebhooks {
    /// The value of `webhook-signature` for `body` under `id`, signed at `now` (whose whole seconds go into
    /// `webhook-timestamp`). Refused if the secret is empty or not base64.
    pub fn sign(id: &str, body: &[u8], secret: &Secret, now: Timestamp) -> Result<String, Refusal> {
        let key = key(secret);
        if key.is_empty() {
            return Err(Refusal::EmptySecret);
        }
        Ok(format!("v1,{}", signature(&key, id, now.as_second(), body)))
    }

    /// The value of `webhook-signature` with a signature by each of these secrets, for a rotation. Refused if the list is empty,
    /// or if a secret is empty or not base64.
    pub fn sign_all(id: &str, body: &[u8], secrets: &[Secret], now: Timestamp) -> Result<String, Refusal> {
        let signatures: Vec<String> =
            secrets.iter().map(|secret| Self::sign(id, body, secret, now)).collect::<Result<_, _>>()?;
        if signatures.is_empty() { Err(Refusal::EmptySecret) } else { Ok(signatures.join(" ")) }
    }

    /// A secret of these bytes, in the form that senders and receivers exchange.
    pub fn secret(bytes: &[u8]) -> Secret {
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    /// Whether a text is a secret of the specification's form: `whsec_` and the base64 of 24 to 64 bytes.
    pub fn is_secret(text: &str) -> bool {
        let bytes = text.strip_prefix(PREFIX).and_then(|base64| STANDARD.decode(base64).ok());
        bytes.is_some_and(|bytes| (24..=64).contains(&bytes.len()))
    }

    /// The same as [`Scheme::verify`], with another tolerance than [`TOLERANCE`].
    pub fn verify_within(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<(), Refusal> {
        let (id, time) = (header(headers, ID)?, header(headers, TIMESTAMP)?);
        let signed_at: i64 = time.parse().map_err(|_| Refusal::Malformed(TIMESTAMP))?;
        let sent = v1_signatures(header(headers, SIGNATURE)?);
        mac::any_secret(secrets, key, |key| {
            let expected = signature(key, id, signed_at, body);
            sent.iter().fold(false, |matched, sent| matched | mac::same(sent, &expected))
        })?;
        is_fresh(signed_at, now, tolerance)
    }
}

impl Scheme for StandardWebhooks {
    fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.verify_within(headers, body, secrets, now, TOLERANCE)
    }
}

/// The `v1` signatures of a list. Other versions and anything else are skipped.
fn v1_signatures(list: &str) -> Vec<&str> {
    list.split(' ').filter_map(|entry| entry.strip_prefix("v1,")).collect()
}

/// The key. It is empty if the secret is not base64, and an empty key never verifies.
fn key(secret: &Secret) -> Vec<u8> {
    let text = secret.expose();
    STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).unwrap_or_default()
}

fn signature(key: &[u8], id: &str, signed_at: i64, body: &[u8]) -> String {
    let time = signed_at.to_string();
    mac::base64(&mac::mac(key, &[id.as_bytes(), b".", time.as_bytes(), b".", body]))
}
