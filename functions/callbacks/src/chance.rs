//! Random bytes for secrets, as a parameter: tests own chance as they own time.

use ring::rand::{SecureRandom as _, SystemRandom};

/// How many bytes a secret of ours has.
pub(crate) const LENGTH: usize = 32;

/// Gives random bytes that nobody can guess.
pub trait Chance: Send + Sync {
    /// Fresh bytes; `None` where the machine has none to give.
    fn bytes(&self) -> Option<[u8; LENGTH]>;
}

/// The operating system's random numbers.
#[derive(Debug, Clone)]
pub struct SystemChance(SystemRandom);

impl Default for SystemChance {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Chance for SystemChance {
    fn bytes(&self) -> Option<[u8; LENGTH]> {
        let mut bytes = [0; LENGTH];
        self.0.fill(&mut bytes).ok().map(|()| bytes)
    }
}

#[cfg(test)]
mod tests;
