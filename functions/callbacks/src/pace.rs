//! How long a call to an endpoint may take, and the other time limits, which follow from it.

use jiff::Timestamp;
use outbound::LONGEST_DELAY;
use std::time::Duration;

/// The time limit of a call. The other limits are derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long an endpoint may take to answer.
    pub call_within: Duration,
}

impl Pace {
    /// An attempt that is still not recorded this long after its due time counts as lost. Longer than a run of the function.
    pub(crate) fn lost_after(self) -> Duration {
        self.call_within * 2 + Duration::from_secs(30)
    }

    /// How long an overdue delivery waits until it is sent to the queue again. Longer than `lost_after`, because the queue
    /// may only be long.
    pub(crate) fn resend_after(self) -> Duration {
        self.lost_after() * 5
    }

    /// How long the lease of a call holds. The call is over by then, even if its end was never recorded.
    pub(crate) fn lease(self) -> Duration {
        self.call_within + Duration::from_secs(10)
    }
}

/// Whether the queue can delay the message of an attempt until it is due.
pub(crate) fn fits_in_queue(next_at: Timestamp, now: Timestamp) -> bool {
    next_at.duration_since(now).unsigned_abs() <= LONGEST_DELAY || next_at <= now
}
