//! One run through a batch: its time, and what became of its records. It stops before its invocation does, and each call of its
//! reader has a bounded time.

use crate::outcomes::Outcomes;
use crate::panics::{Panicked, caught};
use resilience::{Deadline, Failure};
use std::future::Future;
use std::time::Duration;

/// The time that one call of a reader has.
const CALL: Duration = Duration::from_secs(4);
/// The time in which it returns after its deadline. Its calls to AWS fail at the deadline, and a call that waits for its next
/// attempt fails then, after two seconds at most. What has not returned by then waits for something that no outage explains.
const RETURNS_WITHIN: Duration = Duration::from_secs(3);
/// The end of a batch is kept free for dead letters.
const RESERVE: Duration = Duration::from_secs(1);

/// Why a call did not succeed.
pub(super) enum Trouble {
    Failed(Failure),
    Panicked(Panicked),
    /// It did not return.
    Hung,
}

/// One run through a batch. Nothing is timed where the task has no deadline.
pub(super) struct Run {
    limits: Option<Limits>,
    /// What became of the records so far.
    pub(super) outcomes: Outcomes,
}

struct Limits {
    batch: Deadline,
    call: Duration,
    returns: Duration,
}

impl Run {
    /// That of the current task. A record may need two calls, and some time is kept between them.
    pub(super) fn current() -> Self {
        let limits = Deadline::current().map(|batch| {
            let fifth = batch.left().saturating_sub(RESERVE) / 5;
            Limits { batch, call: CALL.min(fifth), returns: RETURNS_WITHIN.min(fifth) }
        });
        Self { limits, outcomes: Outcomes::default() }
    }

    /// Whether a call would have its full time.
    pub(super) fn is_enough(&self) -> bool {
        self.limits
            .as_ref()
            .is_none_or(|limits| limits.batch.left() >= limits.call + limits.returns + RESERVE)
    }

    /// Makes a call. A panic ends it and nothing beside it, and so does its time.
    pub(super) async fn call(&self, call: impl Future<Output = Result<(), Failure>>) -> Result<(), Trouble> {
        let call = caught(call);
        let outcome = match &self.limits {
            Some(limits) => {
                let call = Deadline::after(limits.call).scope(call);
                tokio::time::timeout(limits.call + limits.returns, call).await.map_err(|_| Trouble::Hung)?
            }
            None => call.await,
        };
        outcome.map_err(Trouble::Panicked)?.map_err(Trouble::Failed)
    }
}
