//! Random bytes for secrets and pseudonyms, as a port: tests replace them, as they replace the clock.

use ring::rand::{SecureRandom as _, SystemRandom};

/// How many random bytes are made at once.
pub const RANDOM_BYTES: usize = 32;

/// A cryptographic random source.
pub trait RandomBytes: Send + Sync {
    /// New random bytes; `None` if the machine has none.
    fn bytes(&self) -> Option<[u8; RANDOM_BYTES]>;
}

/// The operating system's random source.
#[derive(Debug, Clone)]
pub struct SystemRandomBytes(SystemRandom);

impl Default for SystemRandomBytes {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl RandomBytes for SystemRandomBytes {
    fn bytes(&self) -> Option<[u8; RANDOM_BYTES]> {
        let mut bytes = [0; RANDOM_BYTES];
        self.0.fill(&mut bytes).ok().map(|()| bytes)
    }
}

#[cfg(test)]
mod tests;
