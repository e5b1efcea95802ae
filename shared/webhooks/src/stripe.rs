//! Stripe: `Stripe-Signature: t=<unix>,v1=<hex>[,v1=…][,v0=…]`, HMAC-SHA256 over `<t>.<body>`.
//!
//! The key is the whole secret, with `whsec_`. The time is signed in its canonical form, however it was written. Any one `v1`
//! suffices; other schemes are ignored. Stripe's own libraries accept any signature from the future; we accept it within the
//! tolerance only.

use crate::scheme::{header, is_fresh};
use crate::{Refusal, Scheme, TOLERANCE, mac};
use http::HeaderMap;
use jiff::Timestamp;
use outbound::Secret;
use std::time::Duration;

const HEADER: &str = "stripe-signature";

/// Stripe's scheme.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stripe;

impl Stripe {
    /// The value of `Stripe-Signature` for `body`, signed at `now`.
    pub fn sign(body: &[u8], secret: &Secret, now: Timestamp) -> String {
        let signed_at = now.as_second();
        let signature = signature(secret.expose().as_bytes(), signed_at, body);
        format!("t={signed_at},v1={signature}")
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
        let text = header(headers, HEADER)?;
        let times: Result<Vec<i64>, _> = values(text, "t")?.into_iter().map(str::parse).collect();
        let times = times.map_err(|_| Refusal::Malformed(HEADER))?;
        let (&signed_at, others) = times.split_first().ok_or(Refusal::Malformed(HEADER))?;
        // With different times it would be unclear which one was signed.
        if others.iter().any(|other| *other != signed_at) {
            return Err(Refusal::Malformed(HEADER));
        }
        let sent = values(text, "v1")?;
        mac::any_secret(secrets, key, |key| {
            let expected = signature(key, signed_at, body);
            sent.iter().fold(false, |matched, sent| matched | mac::same(sent, &expected))
        })?;
        is_fresh(signed_at, now, tolerance)
    }
}

impl Scheme for Stripe {
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

/// The values of all items of this name. An item of this name without a value is refused, since every library of Stripe's fails
/// on it; items of other names may have any form.
fn values<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, Refusal> {
    text.split(',')
        .filter_map(|item| match item.split_once('=') {
            Some((key, value)) => (key == name).then_some(Ok(value)),
            None => (item == name).then_some(Err(Refusal::Malformed(HEADER))),
        })
        .collect()
}

/// The secret's own bytes. A blank secret gives no key: Stripe's libraries treat it as not set.
fn key(secret: &Secret) -> Vec<u8> {
    let key = mac::plain(secret);
    let is_blank = key.iter().all(|byte| matches!(byte, b'\t'..=b'\r' | b' '));
    if is_blank { Vec::new() } else { key }
}

fn signature(key: &[u8], signed_at: i64, body: &[u8]) -> String {
    mac::hex(&mac::mac(key, &[signed_at.to_string().as_bytes(), b".", body]))
}
