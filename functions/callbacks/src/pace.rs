//! How long a call to an endpoint may take, and the other time limits, which follow from it.

use std::time::Duration;

/// The time limit of a call. The other limits are derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long an endpoint may take to answer.
    pub call_within: Duration,
}

impl Pace {
    /// How long the lease of a call holds. The call is over by then, even if its end was never recorded.
    pub(crate) fn lease(self) -> Duration {
        self.call_within + Duration::from_secs(10)
    }

    /// How long a run may take from its start until its attempt is recorded.
    pub(crate) fn run(self) -> Duration {
        self.call_within + Duration::from_secs(30)
    }
}
