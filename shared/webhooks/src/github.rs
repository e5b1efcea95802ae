//! GitHub: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 over the raw body.
//!
//! An empty body is refused: GitHub never sends one, and its own library refuses it. The signature has no time, so a repeat is
//! recognised by `X-GitHub-Delivery`.

use crate::scheme::header;
use crate::{Refusal, Scheme, mac};
use http::HeaderMap;
use jiff::Timestamp;
use outbound::Secret;

const HEADER: &str = "x-hub-signature-256";

/// GitHub's scheme.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitHub;

impl GitHub {
    /// The value of `X-Hub-Signature-256` for `body`.
    pub fn sign(body: &[u8], secret: &Secret) -> String {
        signature(secret.expose().as_bytes(), body)
    }
}

impl Scheme for GitHub {
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
    format!("sha256={}", mac::hex(&mac::mac(key, &[body])))
}
