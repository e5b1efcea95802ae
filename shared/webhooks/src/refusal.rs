//! Why a webhook is refused.

/// Why a webhook is refused. The text never holds a secret or anything that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A required header is missing or empty.
    #[error("the header {0} is missing")]
    NoHeader(&'static str),
    /// A header or the body does not have the scheme's form.
    #[error("the {0} is malformed")]
    Malformed(&'static str),
    /// No signature was made with one of our secrets over these bytes.
    #[error("no signature matches the body")]
    NoMatchingSignature,
    /// The signature is valid but too old: it may be a replay.
    #[error("the signature is too old")]
    TooOld,
    /// The signature is valid but too far in the future: a clock is wrong.
    #[error("the signature is from the future")]
    InTheFuture,
    /// No secret is set: an empty secret never verifies anything.
    #[error("no usable secret is set")]
    EmptySecret,
}
