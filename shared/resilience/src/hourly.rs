//! A limit of requests an hour: the generic cell rate algorithm (GCRA). Pure; time is a parameter.
//!
//! A caller's state is one number, its *mark*: the moment at which its whole burst is available again. A mark that has passed
//! means the same as none. Each request moves the mark on by one interval, and is refused if it is too far ahead already.
//!
//! Half of the limit may be used at once; the other half is added over an hour, one request an interval. So no 60 minutes
//! admit more than the limit, wherever they begin. That holds for processes whose clocks differ and for writes that
//! overtake each other, because each admitted request moves the mark by a whole interval.
//!
//! Times and durations are whole microseconds: a table can add them up exactly.

use std::time::Duration;

/// 60 minutes.
pub const HOUR: i64 = 3_600_000_000;

/// How many requests an hour one caller may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourlyLimit(i64);

/// What a caller may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    /// Requests at this moment.
    pub requests: i64,
    /// The time until there is one more; zero if the whole burst is available.
    pub more_in: Duration,
}

impl HourlyLimit {
    /// A limit of at least one request, and at most one a microsecond.
    pub fn of(per_hour: u64) -> Self {
        Self(i64::try_from(per_hour).unwrap_or(HOUR).clamp(1, HOUR))
    }

    /// Requests that any 60 minutes admit at most.
    pub fn per_hour(self) -> i64 {
        self.0
    }

    /// Requests that may be made at once.
    pub fn burst(self) -> i64 {
        (self.0 / 2).max(1)
    }

    /// The time after which one more request is admitted. It is rounded up, so that an hour never adds one too many.
    pub fn interval(self) -> i64 {
        match self.0 - self.burst() {
            // A limit of one: nothing is added within the hour.
            0 => HOUR + 1,
            refill => (HOUR + refill - 1) / refill,
        }
    }

    /// How far ahead of `now` a mark may be for one more request.
    pub fn furthest(self, now: i64) -> i64 {
        now + (self.burst() - 1) * self.interval()
    }

    /// Whether a caller with this mark may make a request.
    pub fn admits(self, mark: i64, now: i64) -> bool {
        mark <= self.furthest(now)
    }

    /// The mark after a request.
    pub fn after_request(self, mark: i64, now: i64) -> i64 {
        mark.max(now) + self.interval()
    }

    /// What a caller with this mark may still do.
    pub fn available(self, mark: i64, now: i64) -> Available {
        let used = mark.saturating_sub(now).max(0);
        let requests = ((self.burst() * self.interval() - used) / self.interval()).max(0);
        let more_in = (used - (self.burst() - requests - 1) * self.interval()).max(0);
        let more_in = if requests >= self.burst() { 0 } else { more_in };
        Available { requests, more_in: Duration::from_micros(u64::try_from(more_in).unwrap_or_default()) }
    }
}

#[cfg(test)]
mod tests;
