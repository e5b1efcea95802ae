//! Scheduled functions: work that is repeated without a request.
//!
//! An error fails the invocation, so that the platform counts it and its alarm rings. A task has no input: the schedule's
//! event is ignored, and an operator may run a task with any JSON.

use crate::panics::guarded;
use crate::probe::{self, Probe};
use async_trait::async_trait;
use resilience::Failure;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::sync::Arc;
use tracing::Instrument as _;

/// What a function does each time.
#[async_trait]
pub trait Task: Send + Sync {
    /// Does all the work that is due, and returns a report for the log and for an operator who runs it. Two concurrent runs,
    /// or a run that is stopped in the middle, must be harmless: the next run does the rest. Neither the report nor a failure's
    /// reason holds anything personal.
    async fn run(&self) -> Result<Value, Failure>;
}

/// Runs the task once.
pub async fn work(task: &dyn Task) -> Result<Value, Failure> {
    let outcome = guarded(task.run()).await;
    match &outcome {
        Ok(done) => tracing::info!(%done, "done"),
        Err(failure) => tracing::error!(reason = failure.reason(), "failed; the next run tries again"),
    }
    outcome
}

/// Runs a scheduled function until the platform ends it.
pub async fn run(task: impl Task + 'static, probe: Probe) -> Result<(), crate::Error> {
    let task = Arc::new(task);
    probe::run(
        probe,
        || Ok(()),
        move |_: IgnoredAny, context| {
            let task = Arc::clone(&task);
            async move {
                let span = tracing::info_span!("run", request_id = context.request_id);
                let run = work(&*task).instrument(span);
                crate::time_left::deadline(&context).scope(run).await.map_err(crate::Error::from)
            }
        },
    )
    .await
}

#[cfg(test)]
mod tests;
