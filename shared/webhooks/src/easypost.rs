//! `EasyPost`: `X-Hmac-Signature: hmac-sha256-hex=<hex>`, HMAC-SHA256 over the raw body.
//!
//! The key is the secret after NFKD normalisation. The signature has no time, so a repeat is recognised by the event's id.
//! Numbers are signed as they were sent (`614.0`), so a body that was parsed and serialized again fails.

use crate::scheme::header;
use crate::{Refusal, Scheme, mac};
use http::HeaderMap;
use jiff::Timestamp;
use outbound::Secret;
use unicode_normalization::UnicodeNormalization as _;

const HEADER: &str = "x-hmac-signature";

/// `EasyPost`'s scheme.
#[derive(Debug, Clone, Copy, Default)]
pub struct EasyPost;

impl EasyPost {
    /// The value of `X-Hmac-Signature` for `body`.
    pub fn sign(body: &[u8], secret: &Secret) -> String {
        signature(&key(secret), body)
    }
}

impl Scheme for EasyPost {
    fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let sent = header(headers, HEADER)?;
        mac::any_secret(secrets, key, |key| mac::same(sent, &signature(key, body)))
    }
}

fn key(secret: &Secret) -> Vec<u8> {
    secret.expose().nfkd().collect::<String>().into_bytes()
}

fn signature(key: &[u8], body: &[u8]) -> String {
    format!("hmac-sha256-hex={}", mac::hex(&mac::mac(key, &[body])))
}
