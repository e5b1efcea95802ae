//! Shopify: `X-Shopify-Hmac-Sha256: <base64>`, standard and padded, HMAC-SHA256 over the raw body.
//!
//! An empty body is refused. The signature has no time, so a repeat is recognised by `X-Shopify-Webhook-Id`.

use crate::scheme::header;
use crate::{Refusal, Scheme, mac};
use http::HeaderMap;
use jiff::Timestamp;
use outbound::Secret;

const HEADER: &str = "x-shopify-hmac-sha256";

/// Shopify's scheme.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shopify;

impl Shopify {
    /// The value of `X-Shopify-Hmac-Sha256` for `body`.
    pub fn sign(body: &[u8], secret: &Secret) -> String {
        signature(secret.expose().as_bytes(), body)
    }
}

impl Scheme for Shopify {
    fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        _now: Timestamp,
    ) -> Result<(), Refusal> {
        let sent = header(headers, HEADER)?;
        if body.is_empty() {
            return Err(Refusal::Malformed("body"));
        }
        mac::any_secret(secrets, mac::plain, |key| mac::same(sent, &signature(key, body)))
    }
}

fn signature(key: &[u8], body: &[u8]) -> String {
    mac::base64(&mac::mac(key, &[body]))
}
