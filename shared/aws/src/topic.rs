//! [`Topic`] on SNS: it publishes batches of at most ten messages and 256 KiB, and checks the answer for every entry.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::BuildError;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use outbound::{Publication, PublishError, Topic};

/// The most entries of a batch.
const ENTRIES: usize = 10;
/// The most bytes of a batch's bodies. SNS allows 262,144 bytes with the attributes, which need the rest.
const BYTES: usize = 250_000;

#[derive(Debug)]
pub(crate) struct SnsTopic {
    pub(crate) client: Client,
    pub(crate) arn: String,
}

#[async_trait]
impl Topic for SnsTopic {
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError> {
        for batch in batches(messages) {
            let entries: Vec<_> = batch
                .iter()
                .enumerate()
                .map(|(place, message)| entry(place, message))
                .collect::<Result<_, _>>()
                .map_err(|error| unavailable(batch.len(), batch.len(), error.to_string()))?;
            let answer = self
                .client
                .publish_batch()
                .topic_arn(&self.arn)
                .set_publish_batch_request_entries(Some(entries))
                .send()
                .await
                .map_err(|error| unavailable(batch.len(), batch.len(), describe(&error)))?;
            let failed = answer.failed.unwrap_or_default();
            if let Some(first) = failed.first() {
                return Err(unavailable(failed.len(), batch.len(), first.code.clone()));
            }
            let accepted = answer.successful.unwrap_or_default().len();
            if accepted != batch.len() {
                let reason = "an entry was neither accepted nor refused".to_owned();
                return Err(unavailable(batch.len() - accepted.min(batch.len()), batch.len(), reason));
            }
        }
        Ok(())
    }
}

fn unavailable(failed: usize, of: usize, reason: String) -> PublishError {
    PublishError::Unavailable { failed, of, reason }
}

fn entry(place: usize, message: &Publication) -> Result<PublishBatchRequestEntry, BuildError> {
    let attribute =
        |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build();
    let mut entry = PublishBatchRequestEntry::builder()
        .id(place.to_string())
        .message(&message.body)
        .message_attributes("type", attribute(&message.event_type)?);
    if let Some(status) = &message.status {
        entry = entry.message_attributes("status", attribute(status)?);
    }
    entry.build()
}

/// Splits the messages into consecutive batches, each as large as count and bytes allow.
fn batches(messages: &[Publication]) -> Vec<&[Publication]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (place, message) in messages.iter().enumerate() {
        if place > start && (place - start == ENTRIES || bytes + message.body.len() > BYTES) {
            batches.push(&messages[start..place]);
            (start, bytes) = (place, 0);
        }
        bytes += message.body.len();
    }
    if start < messages.len() {
        batches.push(&messages[start..]);
    }
    batches
}

#[cfg(test)]
mod tests;
