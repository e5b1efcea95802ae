//! Random bytes for secrets, as a port: tests replace them, as they replace the clock.

use ring::rand::{SecureRandom as _, SystemRandom};

/// The length of a generated secret, in bytes.
pub(crate) const LENGTH: usize = 32;

/// A cryptographic random source.
pub trait RandomBytes: Send + Sync {
    /// New random bytes; `None` if the machine has none.
    fn bytes(&self) -> Option<[u8; LENGTH]>;
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
    fn bytes(&self) -> Option<[u8; LENGTH]> {
        let mut bytes = [0; LENGTH];
        self.0.fill(&mut bytes).ok().map(|()| bytes)
    }
}

#[cfg(test)]
mod tests;
