//! The header `Idempotency-Key`: what is a sound one, and the digest that ids are made of.
//!
//! An id that is a digest of who asks and of their key needs no second record, and never expires.

use super::{Problem, Request};
use sha2::{Digest as _, Sha256};

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 255;

impl Request {
    /// The idempotency key; 400 without a sound one. `each` says of what each has a key of its own, for example `order`.
    pub fn idempotency_key(&self, each: &str) -> Result<&str, Problem> {
        self.idempotency_key_if_sent(each)?.ok_or_else(|| needed(each))
    }

    /// The idempotency key, where one was sent; 400 for one that is not sound.
    pub fn idempotency_key_if_sent(&self, each: &str) -> Result<Option<&str>, Problem> {
        let sound = |value: &'_ lambda_http::http::HeaderValue| {
            (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(|b| matches!(b, b' '..=b'~'))
        };
        match self.headers.get(HEADER) {
            None => Ok(None),
            Some(value) if sound(value) => Ok(self.header(HEADER)),
            Some(_) => Err(unsound(each)),
        }
    }
}

impl Problem {
    /// 422: another request came under the same idempotency key.
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

fn unsound(each: &str) -> Problem {
    Problem::new(400, "idempotency-key-invalid", "The idempotency key is not a sound one", to_send(each))
}

fn to_send(each: &str) -> String {
    format!("send the header Idempotency-Key: 1 to {LONGEST} printable ASCII characters, new for each {each}")
}

/// The first half of a SHA-256 over the parts, each after its length, so that no two lists of parts read the same.
/// Ids that are stored are made of it: it never changes.
pub fn digest_of(parts: &[&str]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).fold(0, |half, byte| half << 8 | u128::from(*byte))
}
