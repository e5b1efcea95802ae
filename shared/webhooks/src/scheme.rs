//! What every signature scheme implements, and the type of a verified body.

use crate::Refusal;
use http::HeaderMap;
use jiff::Timestamp;
use outbound::Secret;
use std::time::Duration;

/// How far a signature's time may be from now, in either direction: 300 seconds are accepted, 301 are not.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// A sender's signature scheme.
///
/// Every scheme guarantees: constant time in what depends on a secret; the signature is checked before its age; any one of
/// several secrets suffices (a rotation); an empty secret never verifies.
pub trait Scheme: Send + Sync {
    /// Verifies the exact bytes that were received. It has no default, so that a scheme without it does not compile.
    fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
    ) -> Result<(), Refusal>;
}

/// Something that the sender is proven to have sent. Only [`verify`] makes it, and [`fetched`] for what we fetched ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// The verified value.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// The verified value, without the proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Verifies `body` and marks it as verified.
pub fn verify<'a>(
    scheme: &dyn Scheme,
    headers: &HeaderMap,
    body: &'a [u8],
    secrets: &[Secret],
    now: Timestamp,
) -> Result<Verified<&'a [u8]>, Refusal> {
    scheme.verify(headers, body, secrets, now)?;
    Ok(Verified(body))
}

/// Marks a body that we fetched from the sender's API as verified.
///
/// This second way to a [`Verified`] proves the same by other means: the bytes arrived over TLS from the sender's own address,
/// in response to a request with our key. They have no signature, because the sender signs only what it delivers. The caller
/// guarantees all this; `tests/tidy` checks that only one file calls this function.
pub const fn fetched(body: &[u8]) -> Verified<&[u8]> {
    Verified(body)
}

/// A header's text; header names are case-insensitive.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).filter(|value| !value.is_empty()).ok_or(Refusal::NoHeader(name))?;
    std::str::from_utf8(value.as_bytes()).map_err(|_| Refusal::Malformed(name))
}

/// Checks a signature's age. To be called only after the signature itself was checked.
pub(crate) fn is_fresh(signed_at: i64, now: Timestamp, tolerance: Duration) -> Result<(), Refusal> {
    let tolerance = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
    let age = now.as_second().saturating_sub(signed_at);
    if age > tolerance {
        Err(Refusal::TooOld)
    } else if age < -tolerance {
        Err(Refusal::InTheFuture)
    } else {
        Ok(())
    }
}
