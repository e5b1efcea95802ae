//! How long to wait before the next try: exponential, capped, with full jitter.
//!
//! Full jitter (a uniform choice between zero and the cap of that attempt) is what keeps many waiting callers
//! from coming back at once.

use std::time::Duration;

/// Says which part of the longest wait is taken.
pub trait Jitter: Send + Sync {
    /// A number from 0 to 1000: thousandths of the wait.
    fn thousandths(&self) -> u32;
}

/// Chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomJitter;

impl Jitter for RandomJitter {
    fn thousandths(&self) -> u32 {
        fastrand::u32(0..=1000)
    }
}

/// The longest wait, always.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJitter;

impl Jitter for NoJitter {
    fn thousandths(&self) -> u32 {
        1000
    }
}

/// A back-off: the first wait, doubled with each attempt up to the longest.
#[derive(Debug, Clone, Copy)]
pub struct BackOff {
    /// The longest wait after the first attempt.
    pub first: Duration,
    /// The longest wait after any attempt.
    pub longest: Duration,
}

impl BackOff {
    /// Between two tries of a conditional write within one invocation.
    pub const CONFLICT: Self = Self { first: Duration::from_millis(10), longest: Duration::from_millis(200) };
    /// Between two deliveries of one message: SQS counts visibility in whole seconds.
    pub const MESSAGE: Self = Self { first: Duration::from_secs(2), longest: Duration::from_mins(15) };

    /// The wait after `attempt` attempts (from 1).
    pub fn wait(self, attempt: u32, jitter: &dyn Jitter) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        let cap = self.first.saturating_mul(1 << doublings).min(self.longest);
        // At least a quarter of the cap: a wait of nothing would hammer what is already struggling.
        let quarter = cap / 4;
        quarter + quarter * 3 * jitter.thousandths().min(1000) / 1000
    }
}

#[cfg(test)]
mod tests;
