//! HMAC-SHA256 and comparisons in constant time.

use crate::Refusal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use outbound::Secret;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// HMAC-SHA256 over `parts`, one after the other.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length; only other MACs can refuse one")]
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The HMAC-SHA256 of a text under a secret, as 64 hexadecimal digits: a name for the text that is useless without the secret.
pub fn keyed_hash(secret: &Secret, text: &str) -> String {
    hex(&mac(secret.expose().as_bytes(), &[text.as_bytes()]))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Standard padded base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Whether a signature as it was sent is exactly the expected one, in constant time. The texts are compared, not the decoded
/// bytes, so that upper-case hex or URL-safe base64 is not accepted as a second form of the same signature.
pub(crate) fn same(sent: &str, expected: &str) -> bool {
    sent.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// Whether `matches` accepts the key of any secret; empty keys are left out. Every key is tried, so that the time does not
/// reveal which one matched.
pub(crate) fn any_secret(
    secrets: &[Secret],
    key: impl Fn(&Secret) -> Vec<u8>,
    matches: impl Fn(&[u8]) -> bool,
) -> Result<(), Refusal> {
    let results: Vec<bool> =
        secrets.iter().map(key).filter(|key| !key.is_empty()).map(|key| matches(&key)).collect();
    match results.iter().filter(|matched| **matched).count() {
        _ if results.is_empty() => Err(Refusal::EmptySecret),
        0 => Err(Refusal::NoMatchingSignature),
        _ => Ok(()),
    }
}

/// The secret's own bytes as the key.
pub(crate) fn plain(secret: &Secret) -> Vec<u8> {
    secret.expose().as_bytes().to_vec()
}
