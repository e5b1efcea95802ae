//! When a delivery is tried again: a schedule of waits, chance, and what the receiver asks for.

use jiff::{SignedDuration, Timestamp};
use outbound::Answer;
use resilience::Jitter;
use std::time::Duration;

/// The waits after the first, second … attempt of a round. After the eighth attempt there is none.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];

/// A receiver that asks for more is tried again after this.
const LONGEST_ASKED_FOR: Duration = Duration::from_hours(24);

/// When the next try is due after `attempt` attempts (from 1) of this round; `None`: that was the last.
///
/// Chance adds up to a fifth of the wait, so that what failed together does not come back together. `retry_after` is
/// the least wait that the receiver asked for, up to a day.
pub(crate) fn next_try(
    attempt: u32,
    now: Timestamp,
    retry_after: Option<Duration>,
    jitter: &dyn Jitter,
) -> Option<Timestamp> {
    let place = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let wait = *WAITS.get(place)?;
    let wait = wait.max(retry_after.unwrap_or_default().min(LONGEST_ASKED_FOR));
    Some(later(now, wait + wait / 5 * jitter.thousandths().min(1000) / 1000))
}

/// The moment that comes `wait` after `now`; the end of time at the latest.
pub(crate) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// What an answer's `Retry-After` says, in seconds or as an HTTP date. Nonsense and the past say nothing.
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
