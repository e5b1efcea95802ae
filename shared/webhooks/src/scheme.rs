//! What every scheme answers, and the one door to a verified body.

use crate::Refusal;
use http::HeaderMap;
use jiff::Timestamp;
use outbound::Secret;
use std::time::Duration;

/// How far a signature's time may lie from now, either way: 300 seconds pass, 301 do not.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// A sender's way of signing.
///
/// Promises of every scheme: constant time in what depends on a secret; the signature is judged before its age;
/// any one of several secrets suffices (a rotation); an empty secret never verifies.
pub trait Scheme: Send + Sync {
    /// Judges the exact bytes that came. There is no default: a scheme that forgets this does not compile.
    fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
    ) -> Result<(), Refusal>;
}

/// Something that a sender has said. Obtainable only from [`verify`], and from [`fetched`] for what we asked for ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was verified.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// What was verified, without the proof.
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

/// Marks what we have fetched ourselves from the sender's API as verified.
///
/// The second way to a [`Verified`], and it proves the same by other means: the bytes came over TLS from the sender's
/// own address, in answer to a request that carried our key. There is no signature to judge, because the sender signs only
/// what it delivers. Whoever calls this vouches for that way; `tests/tidy` holds that it is one file.
pub const fn fetched(body: &[u8]) -> Verified<&[u8]> {
    Verified(body)
}

/// A header's text; names are looked up whatever their case.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).filter(|value| !value.is_empty()).ok_or(Refusal::NoHeader(name))?;
    std::str::from_utf8(value.as_bytes()).map_err(|_| Refusal::Malformed(name))
}

/// Judges a signature's age, which is to be asked only after the signature itself.
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
