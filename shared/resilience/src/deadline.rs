//! The time that an invocation has left: its work ends before the platform ends the invocation.
//!
//! At the function's timeout the platform stops the process, whatever it does. A batch that is stopped so is redelivered as a
//! whole after the queue's visibility timeout, and a request is answered by the gateway. So the runner ends the work a moment
//! earlier and hands back what is not finished. A call to a provider ends earlier still, so that its outcome can be recorded.
//!
//! The deadline is a property of the task, not a parameter: only the edges read it. Where none is set (tests, the
//! simulation), nothing is cut short and each call has its own timeout.

use crate::Failure;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// The time between the work's end and the invocation's.
const AFTER_WORK: Duration = Duration::from_secs(1);
/// The runner's part of it: it returns messages to their queue and dead-letters others. Then the platform receives the answer.
const HAND_BACK: Duration = Duration::from_millis(800);
/// A step's time after a call to a provider, in which it records the outcome.
const RECORD: Duration = Duration::from_secs(1);

/// A step's time to return the error of a call to AWS, which names what hangs.
const RETURN: Duration = Duration::from_millis(100);

tokio::task_local! {
    static CURRENT: Deadline;
}

/// The moment at which the work of an invocation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// The work was not finished in time: it was stopped at its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the invocation's time ran out before the work was finished")]
pub struct OutOfTime;

impl From<OutOfTime> for Failure {
    fn from(error: OutOfTime) -> Self {
        Self::retry(error)
    }
}

impl Deadline {
    /// The deadline of the work in an invocation that the platform ends after `left`.
    pub fn of_invocation(left: Duration) -> Self {
        Self(Instant::now() + time_to_work(left))
    }

    /// The deadline of work that has this much time.
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The deadline of the current task; `None` if it has none.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|deadline| *deadline).ok()
    }

    /// The time that is left.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The deadline of what the runner does after the work.
    #[must_use]
    pub fn of_hand_back(self) -> Self {
        Self(self.0 + HAND_BACK)
    }

    /// Makes this the deadline of `work`, and does not stop it.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// Makes this the deadline of `work`, and stops it there: it is dropped, wherever it waits.
    pub async fn bound<T>(self, work: impl Future<Output = T>) -> Result<T, OutOfTime> {
        tokio::time::timeout_at(self.0, self.scope(work)).await.map_err(|_| OutOfTime)
    }
}

/// Does `work`, and stops it at the current task's deadline, if it has one.
pub async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, OutOfTime> {
    match Deadline::current() {
        Some(deadline) => deadline.bound(work).await,
        None => Ok(work.await),
    }
}

/// The timeout of a call to a provider: its own, or less if the current task's deadline is near.
pub fn call_timeout(own: Duration) -> Duration {
    Deadline::current().map_or(own, |deadline| time_to_call(own, deadline.left()))
}

/// The time for a call to AWS, after which nothing is left to record; `None` without a deadline.
pub fn record_timeout() -> Option<Duration> {
    Deadline::current().map(|deadline| deadline.left().saturating_sub(RETURN))
}

fn time_to_work(of_invocation: Duration) -> Duration {
    of_invocation.saturating_sub(AFTER_WORK)
}

fn time_to_call(own: Duration, left: Duration) -> Duration {
    own.min(left.saturating_sub(RECORD))
}

#[cfg(test)]
mod tests;
