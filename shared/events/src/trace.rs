//! The W3C `traceparent` that links an HTTP request to every event that follows from it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A `traceparent` of version 00 (W3C Trace Context, section 3.2): `00-<32 hex>-<16 hex>-<2 hex>`, ids not zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Traceparent(String);

impl Traceparent {
    /// Parses a header. `None` if it is not a valid value of version 00: the specification says to start a new trace
    /// then, not to fail.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let valid = version == "00"
            && is_hex(trace, 32)
            && is_hex(span, 16)
            && is_hex(flags, 2)
            && parts.next().is_none()
            && trace.bytes().any(|b| b != b'0')
            && span.bytes().any(|b| b != b'0');
        valid.then(|| Self(header.trim().to_owned()))
    }

    /// A new trace made of two random numbers.
    pub fn start(trace: u128, span: u64) -> Self {
        Self(format!("00-{:032x}-{:016x}-01", trace.max(1), span.max(1)))
    }

    /// The same trace, continued by another span.
    #[must_use]
    pub fn continued_by(&self, span: u64) -> Self {
        Self(format!("00-{}-{:016x}-{}", self.trace_id(), span.max(1), self.part(53..55)))
    }

    /// The id of the trace, 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        self.part(3..35)
    }

    /// The id of the span that caused what carries this value, 16 hexadecimal digits.
    pub fn span_id(&self) -> &str {
        self.part(36..52)
    }

    /// Whether the trace is recorded (the flag `sampled`).
    pub fn is_sampled(&self) -> bool {
        u8::from_str_radix(self.part(53..55), 16).is_ok_and(|flags| flags & 1 == 1)
    }

    /// A part of the value. One that was read from a message may be anything; then the part is empty.
    fn part(&self, place: std::ops::Range<usize>) -> &str {
        self.0.get(place).unwrap_or_default()
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests;
