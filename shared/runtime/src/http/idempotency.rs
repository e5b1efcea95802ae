//! The header `Idempotency-Key`, and the digest that ids are made of.
//!
//! An id that is a digest of the caller and the key needs no record of the key, and never expires.

use super::{Problem, Request};
use sha2::{Digest as _, Sha256};

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

impl Request {
    /// The idempotency key; 400 if it is missing or not valid. `each` names what needs a key of its own, for example `order`.
    pub fn idempotency_key(&self, each: &str) -> Result<&str, Problem> {
        self.idempotency_key_if_sent(each)?.ok_or_else(|| needed(each))
    }

    /// The idempotency key, if one was sent; 400 if it is not valid.
    pub fn idempotency_key_if_sent(&self, each: &str) -> Result<Option<&str>, Problem> {
        let is_valid = |value: &'_ lambda_http::http::HeaderValue| {
            (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(|b| matches!(b, b' '..=b'~'))
        };
        match self.headers.get(HEADER) {
            None => Ok(None),
            Some(value) if is_valid(value) => Ok(self.header(HEADER)),
            Some(_) => Err(invalid(each)),
        }
    }
}

impl Problem {
    /// 422: the idempotency key belongs to another request.
    pub fn idempotency_key_reused(each: &str) -> Self {
        Self::new(
            422,
            "idempotency-key-reused",
            "The idempotency key was used for another request",
            format!("use a new key for a new {each}"),
        )
    }
}

fn needed(each: &str) -> Problem {
    Problem::new(400, "idempotency-key-missing", "An idempotency key is needed", to_send(each))
}

fn invalid(each: &str) -> Problem {
    Problem::new(400, "idempotency-key-invalid", "The idempotency key is not valid", to_send(each))
}

fn to_send(each: &str) -> String {
    format!("send the header Idempotency-Key: 1 to {LONGEST} printable ASCII characters, new for each {each}")
}

/// The first half of a SHA-256 over the parts, each after its length, so that different lists never give the same bytes.
/// Stored ids are made of it: it must never change.
pub fn digest_of(parts: &[&str]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).fold(0, |half, byte| half << 8 | u128::from(*byte))
}
