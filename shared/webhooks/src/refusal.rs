//! Why a webhook is refused.

/// Why a webhook is refused. It names the reason and nothing that was sent, and never a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header that the scheme needs is not there, or empty.
    #[error("the header {0} is missing")]
    NoHeader(&'static str),
    /// A header or the body is not of the scheme's form.
    #[error("the {0} is malformed")]
    Malformed(&'static str),
    /// No signature was made with a secret of ours over these bytes.
    #[error("no signature matches the body")]
    NoMatchingSignature,
    /// Signed, but too long ago: it may be replayed.
    #[error("the signature is too old")]
    TooOld,
    /// Signed, but for a moment that is too far away: somebody's clock is wrong.
    #[error("the signature is of the future")]
    InTheFuture,
    /// There is no secret to verify with: an unset one never verifies anything.
    #[error("no usable secret is set")]
    EmptySecret,
}
