//! How long to wait before the next try: exponential, capped, with jitter.
//!
//! The wait is a uniform choice between a quarter of the attempt's cap and the cap. The jitter keeps many waiting callers
//! from retrying at the same moment; the lower bound prevents an immediate retry.

use std::time::Duration;

/// Chooses where a wait lies between its bounds.
pub trait Jitter: Send + Sync {
    /// A number from 0 (the shortest wait) to 1000 (the longest wait).
    fn thousandths(&self) -> u32;
}

/// A random wait within the bounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomJitter;

impl Jitter for RandomJitter {
    fn thousandths(&self) -> u32 {
        fastrand::u32(0..=1000)
    }
}

/// Always the longest wait.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJitter;

impl Jitter for NoJitter {
    fn thousandths(&self) -> u32 {
        1000
    }
}

/// A back-off: the cap of the wait doubles with each attempt.
#[derive(Debug, Clone, Copy)]
pub struct BackOff {
    /// The cap after the first attempt.
    pub first: Duration,
    /// The largest cap.
    pub longest: Duration,
}

impl BackOff {
    /// Between two tries of a conditional write in one invocation.
    pub const CONFLICT: Self = Self { first: Duration::from_millis(10), longest: Duration::from_millis(200) };
    /// Between two deliveries of one message. SQS counts visibility in whole seconds.
    pub const MESSAGE: Self = Self { first: Duration::from_secs(2), longest: Duration::from_mins(15) };

    /// The wait after attempt number `attempt`, counted from 1.
    pub fn wait(self, attempt: u32, jitter: &dyn Jitter) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        let cap = self.first.saturating_mul(1 << doublings).min(self.longest);
        // Never zero: an immediate retry would add load to a service that is already failing.
        let quarter = cap / 4;
        quarter + quarter * 3 * jitter.thousandths().min(1000) / 1000
    }
}

#[cfg(test)]
mod tests;
