//! When a failed delivery is retried: the schedule of waits, jitter, and the receiver's `Retry-After`.

use jiff::{SignedDuration, Timestamp};
use outbound::Answer;
use resilience::Jitter;
use std::time::Duration;

/// The waits after the first, second … attempt of a round. The eighth attempt is the last.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];

/// The longest `Retry-After` that is respected.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// When the next attempt is due after `attempt` attempts (from 1) of this round; `None` after the last one.
///
/// Jitter adds up to a fifth of the wait, so that deliveries that failed together are not retried together. `retry_after`
/// is the least wait that the receiver asked for, up to a day.
pub(crate) fn next_try(
    attempt: u32,
    now: Timestamp,
    retry_after: Option<Duration>,
    jitter: &dyn Jitter,
) -> Option<Timestamp> {
    let place = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let wait = *WAITS.get(place)?;
    let wait = wait.max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER));
    Some(later(now, wait + wait / 5 * jitter.thousandths().min(1000) / 1000))
}

/// `now` plus `wait`, at most [`Timestamp::MAX`].
pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// The wait in an answer's `Retry-After`, given in seconds or as an HTTP date. `None` if it is malformed or in the past.
pub(crate) fn retry_after(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let wait = moment.duration_since(now);
    (wait > SignedDuration::ZERO).then(|| wait.unsigned_abs())
}

#[cfg(test)]
mod tests;
