//! The time that the platform leaves an invocation. Each runner makes it the deadline of its work.

use jiff::Timestamp;
use resilience::{Clock as _, Deadline, SystemClock};
use std::time::Duration;

/// The longest timeout that Lambda gives a function.
const LONGEST: Duration = Duration::from_mins(15);

/// The deadline of the work in an invocation.
pub(crate) fn deadline(invocation: &lambda_runtime::Context) -> Deadline {
    Deadline::of_invocation(time_left(invocation.deadline, SystemClock.now()))
}

/// `ends`: when the platform ends the invocation, in milliseconds since 1970. An invocation cannot begin after its end, so an
/// earlier moment is none: `cargo lambda watch` sends 600,000, whatever the time is.
fn time_left(ends: u64, now: Timestamp) -> Duration {
    let now = u64::try_from(now.as_millisecond()).unwrap_or(0);
    ends.checked_sub(now).map_or(LONGEST, Duration::from_millis)
}

#[cfg(test)]
mod tests;
