//! The pace of a replay: each message is delayed in its queue until its turn, so that the consumer gets so many a second. Pure.
//!
//! The cursor carries the line from run to run, so several runs together keep the pace of one.

use jiff::Timestamp;
use std::time::Duration;

/// The longest delay of a message of a replay. A queue's alarm counts the age of its oldest message, which this must not raise.
pub(super) const LINE: Duration = Duration::from_mins(1);
/// A run that found the line full is followed by another when it is half as long.
const RESUME_AT: Duration = Duration::from_secs(30);

/// The end of the line.
pub(super) struct Pace {
    /// When the next message has its turn.
    pub(super) free_at: Timestamp,
    pub(super) per_second: u32,
}

impl Pace {
    /// The delay of the next message, which takes its place in the line. `None`: the line is full.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Duration> {
        let turn = self.free_at.max(now);
        let delay = turn.duration_since(now).unsigned_abs();
        if delay > LINE {
            return None;
        }
        let each = Duration::from_secs(1) / self.per_second.max(1);
        self.free_at = turn.saturating_add(each).unwrap_or(Timestamp::MAX);
        Some(delay)
    }

    /// How long until another run is worth it.
    pub(super) fn wait(free_at: Timestamp, now: Timestamp) -> Duration {
        let line = Duration::try_from(free_at.duration_since(now)).unwrap_or_default();
        line.saturating_sub(RESUME_AT)
    }
}

#[cfg(test)]
mod tests;
