//! Time as a parameter.

use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Mutex;
use std::time::Duration;

/// Reads the time and waits.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;

    /// Returns after `wait`.
    async fn sleep(&self, wait: Duration);
}

/// The machine's clock. Only `main` creates it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

/// A clock for tests that stands still until it is advanced. A sleep ends at once and only lets other tasks run.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that shows `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // At the end of the range of timestamps the clock stands still.
        *now = now.checked_add(by).unwrap_or(*now);
    }
}

#[async_trait]
impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn sleep(&self, _wait: Duration) {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests;
