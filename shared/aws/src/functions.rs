//! [`Functions`] and [`Versions`] on Lambda.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use outbound::{ALIAS, Functions, NotAnswered, Versions};
use std::time::Duration;

/// How long a function may run. Those that read streams have 30 s at most.
const LONGEST_RUN: Duration = Duration::from_secs(35);

#[derive(Debug)]
pub(crate) struct StackFunctions {
    pub(crate) client: Client,
    pub(crate) stack: String,
}

#[async_trait]
impl Functions for StackFunctions {
    async fn ask(&self, function: &str, payload: &str) -> Result<String, NotAnswered> {
        ask(&self.client, &format!("{}-{function}", self.stack), ALIAS, payload).await
    }
}

#[derive(Debug)]
pub(crate) struct AnyVersions(pub(crate) Client);

#[async_trait]
impl Versions for AnyVersions {
    async fn ask(&self, function: &str, version: &str, payload: &str) -> Result<String, NotAnswered> {
        ask(&self.0, function, version, payload).await
    }
}

/// A call without an answer is not repeated: the function may still run.
async fn ask(client: &Client, name: &str, version: &str, payload: &str) -> Result<String, NotAnswered> {
    let patient = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_timeout(LONGEST_RUN)
        // Not set here, an attempt would have the few seconds that it has in every other call.
        .operation_attempt_timeout(LONGEST_RUN)
        .build();
    let once =
        aws_sdk_lambda::config::Builder::new().timeout_config(patient).retry_config(RetryConfig::disabled());
    let call = client.invoke().function_name(name).qualifier(version).payload(Blob::new(payload));
    let answer = call.customize().config_override(once).send().await;
    let answer = answer.map_err(|error| NotAnswered::Unclear(describe(&error)))?;
    let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
    match answer.function_error {
        None => String::from_utf8(payload)
            .map_err(|_| NotAnswered::Unclear("the function's answer is not UTF-8".to_owned())),
        Some(kind) => Err(NotAnswered::Failed(failure(&kind, &payload))),
    }
}

/// The error of a function, as the platform reports it: its message, or only its kind.
fn failure(kind: &str, payload: &[u8]) -> String {
    let reported = serde_json::from_slice::<serde_json::Value>(payload).ok();
    let message = reported.as_ref().and_then(|error| error["errorMessage"].as_str());
    message.unwrap_or(kind).chars().take(500).collect()
}

#[cfg(test)]
mod tests;
