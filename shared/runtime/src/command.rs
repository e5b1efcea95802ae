//! Commands: what a person has a function do by invoking it, with a JSON that says what. A schedule may invoke it too.
//!
//! An error fails the invocation; who invoked it sees why, and invokes it again.

use async_trait::async_trait;
use lambda_runtime::LambdaEvent;
use resilience::Failure;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use tracing::Instrument as _;

/// What a function does when it is told to.
#[async_trait]
pub trait Command: Send + Sync {
    /// What it is told. Every field may be left out: a schedule says nothing of them.
    type Asked: DeserializeOwned + Send;

    /// Does a bounded part of it, and answers what that was and where to go on. Told the same twice it does no harm.
    /// Neither the answer nor a failure's reason holds anything personal.
    async fn run(&self, asked: Self::Asked) -> Result<Value, Failure>;
}

/// Runs the command once.
pub async fn work<C: Command>(command: &C, asked: Value) -> Result<Value, Failure> {
    let asked = serde_json::from_value(asked)
        .map_err(|error| Failure::reject(format!("what is asked makes no sense: {:?}", error.classify())));
    let outcome = match asked {
        Ok(asked) => command.run(asked).await,
        Err(failure) => Err(failure),
    };
    match &outcome {
        Ok(done) => tracing::info!(%done, "done"),
        Err(failure) => tracing::error!(reason = failure.reason(), "failed"),
    }
    outcome
}

/// Runs a command's function until the platform ends it.
pub async fn run(command: impl Command + 'static) -> Result<(), crate::Error> {
    let command = Arc::new(command);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<Value>| {
        let command = Arc::clone(&command);
        async move {
            let span = tracing::info_span!("command", request_id = event.context.request_id);
            work(&*command, event.payload).instrument(span).await.map_err(crate::Error::from)
        }
    }))
    .await
}

#[cfg(test)]
mod tests;
