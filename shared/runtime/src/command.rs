//! Commands: functions that an operator invokes with a JSON input. A schedule may invoke one too.
//!
//! An error fails the invocation; its caller sees the reason and can invoke the function again.

use crate::panics::guarded;
use crate::probe::{self, Probe};
use async_trait::async_trait;
use resilience::Failure;
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument as _;

/// What a function does when it is invoked.
#[async_trait]
pub trait Command: Send + Sync {
    /// The input. Every field is optional: a schedule's event has none of them.
    type Input: DeserializeOwned + Send;

    /// Does a bounded part of the work; returns what was done and where to continue. A repeated run with the same input is
    /// harmless. Neither the report nor a failure's reason holds anything personal.
    async fn run(&self, input: Self::Input) -> Result<Value, Failure>;
}

/// The longest text of an operator, in characters.
const LONGEST_TEXT: usize = 300;

/// Whether an operator may send this text: a reason, or a name. It goes into one line of the log.
pub fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control)
}

/// What [`is_text`] allows, in words.
pub fn allowed_text() -> String {
    format!("1 to {LONGEST_TEXT} characters, no control characters")
}

/// The operator's name for the log, `not given` without one. Reject: it is no text.
pub fn operator(by: Option<String>) -> Result<String, Failure> {
    match by {
        None => Ok("not given".to_owned()),
        Some(by) if is_text(&by) => Ok(by),
        Some(_) => Err(Failure::reject(format!("by is not valid: the operator's name, {}", allowed_text()))),
    }
}

/// A field of a command's input: whole seconds, which bound a run.
pub fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u32>::deserialize(deserializer)?.map(|whole| Duration::from_secs(whole.into())))
}

/// Runs the command once. An input that cannot be read is rejected with the field and what is allowed, without its value.
pub async fn work<C: Command>(command: &C, input: Value) -> Result<Value, Failure> {
    let input = json::read(input)
        .map_err(|error| Failure::reject(format!("the command's input is not valid: {error}")));
    let outcome = match input {
        Ok(input) => guarded(command.run(input)).await,
        Err(failure) => Err(failure),
    };
    match &outcome {
        Ok(done) => tracing::info!(%done, "done"),
        Err(failure) => tracing::error!(reason = failure.reason(), "failed"),
    }
    outcome
}

/// Runs a command's function until the platform ends it.
pub async fn run(command: impl Command + 'static, probe: Probe) -> Result<(), crate::Error> {
    let command = Arc::new(command);
    probe::run(
        probe,
        || Ok(()),
        move |input: Value, context| {
            let command = Arc::clone(&command);
            async move {
                let span = tracing::info_span!("command", request_id = context.request_id);
                let run = work(&*command, input).instrument(span);
                crate::time_left::deadline(&context).scope(run).await.map_err(crate::Error::from)
            }
        },
    )
    .await
}

#[cfg(test)]
mod tests;
