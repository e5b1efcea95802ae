//! [`Queue`] on SQS.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use event_store::limits::escaped;
use outbound::{DeadLetter, Queue, QueueError};
use std::time::Duration;

/// The longest visibility timeout that SQS allows, in seconds.
const LONGEST_WAIT: i32 = 43_200;

/// The attribute of a dead letter with the reason.
pub(crate) const REASON: &str = "reason";
/// The attribute of a dead letter with the name of the function that dead-lettered it.
pub(crate) const FUNCTION: &str = "function";
/// The attribute of a dead letter with the id that the message had in its queue.
pub(crate) const MESSAGE_ID: &str = "message_id";

#[derive(Debug)]
pub(crate) struct SqsQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) dead_letters: String,
}

#[async_trait]
impl Queue for SqsQueue {
    async fn retry_after(&self, receipt: &str, wait: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(wait.as_secs()).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(seconds)
            .send()
            .await
            .map_err(|error| QueueError(describe(&error)))?;
        Ok(())
    }

    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        self.client
            .send_message()
            .queue_url(&self.dead_letters)
            .message_body(escaped(&letter.body))
            .message_attributes(REASON, text(&letter.reason)?)
            .message_attributes(FUNCTION, text(&letter.function)?)
            .message_attributes(MESSAGE_ID, text(&letter.message_id)?)
            .send()
            .await
            .map_err(|error| QueueError(describe(&error)))?;
        Ok(())
    }
}

fn text(value: &str) -> Result<MessageAttributeValue, QueueError> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(sendable(value))
        .build()
        .map_err(|error| QueueError(error.to_string()))
}

/// A valid text attribute: SQS refuses empty ones, control characters, U+FFFE and U+FFFF.
fn sendable(value: &str) -> String {
    let is_sendable = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let value: String = value.chars().filter(is_sendable).take(1000).collect();
    if value.is_empty() { "unknown".to_owned() } else { value }
}

#[cfg(test)]
mod tests;
