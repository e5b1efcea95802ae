//! [`BatchStore`] on S3, and [`Functions`] on Lambda.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use outbound::{BatchError, BatchStore, Functions, NotAnswered, StoredBatch};
use std::time::Duration;

/// How long a function may run. Those that read streams have 30 s at most.
const LONGEST_RUN: Duration = Duration::from_secs(35);

#[derive(Debug)]
pub(crate) struct S3Batches(pub(crate) aws_sdk_s3::Client);

#[async_trait]
impl BatchStore for S3Batches {
    async fn read(&self, batch: &StoredBatch) -> Result<Option<String>, BatchError> {
        let found = self.0.get_object().bucket(&batch.bucket).key(&batch.object).send().await;
        let object = match found {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(BatchError(describe(&error))),
        };
        let bytes = object.body.collect().await.map_err(|error| BatchError(error.to_string()))?.to_vec();
        String::from_utf8(bytes).map(Some).map_err(|_| BatchError("the object is not UTF-8".to_owned()))
    }

    async fn delete(&self, batch: &StoredBatch) -> Result<(), BatchError> {
        let deleted = self.0.delete_object().bucket(&batch.bucket).key(&batch.object).send().await;
        deleted.map(drop).map_err(|error| BatchError(describe(&error)))
    }
}

/// What a deploy moves to the function's newest version: local/template/function.py.
const ALIAS: &str = "live";

#[derive(Debug)]
pub(crate) struct StackFunctions {
    pub(crate) client: aws_sdk_lambda::Client,
    pub(crate) stack: String,
}

#[async_trait]
impl Functions for StackFunctions {
    async fn invoke(&self, function: &str, payload: &str) -> Result<(), BatchError> {
        self.ask(function, payload).await.map(drop).map_err(|error| BatchError(error.to_string()))
    }

    /// A call without an answer is not repeated: the function may still run.
    async fn ask(&self, function: &str, payload: &str) -> Result<String, NotAnswered> {
        let answer = self
            .client
            .invoke()
            .function_name(format!("{}-{function}", self.stack))
            .qualifier(ALIAS)
            .payload(Blob::new(payload))
            .customize()
            .config_override(once())
            .send()
            .await
            .map_err(|error| NotAnswered::Unclear(describe(&error)))?;
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        match answer.function_error {
            None => String::from_utf8(payload)
                .map_err(|_| NotAnswered::Unclear("the function's answer is not UTF-8".to_owned())),
            Some(kind) => Err(NotAnswered::Failed(failure(&kind, Some(&payload)))),
        }
    }
}

/// A call of a function is made once, and has the time of the longest run.
pub(crate) fn once() -> aws_sdk_lambda::config::Builder {
    let patient = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_timeout(LONGEST_RUN)
        .build();
    aws_sdk_lambda::config::Builder::new().timeout_config(patient).retry_config(RetryConfig::disabled())
}

/// The error of a function, as the platform reports it: its message, or only its kind.
pub(crate) fn failure(kind: &str, payload: Option<&[u8]>) -> String {
    let reported = payload.and_then(|payload| serde_json::from_slice::<serde_json::Value>(payload).ok());
    let message = reported.as_ref().and_then(|error| error["errorMessage"].as_str());
    message.unwrap_or(kind).chars().take(500).collect()
}

#[cfg(test)]
mod tests;
