//! [`DeadLetterQueue`] on SQS.

use crate::error::describe;
use crate::queue::{FUNCTION, MESSAGE_ID, REASON};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName};
use jiff::Timestamp;
use outbound::{DeadLetterQueue, DeadLetteredBy, Letter, MOST_AT_ONCE, QueueError};
use std::time::Duration;

/// The attribute that SNS adds to a message that it could not deliver.
const UNDELIVERED: &str = "ErrorMessage";
/// With a wait, SQS asks all of its servers. Without one, an empty answer does not prove that the queue is empty.
const WAIT_SECONDS: i32 = 1;

#[derive(Debug)]
pub(crate) struct SqsLetters {
    pub(crate) client: Client,
    pub(crate) url: String,
}

#[async_trait]
impl DeadLetterQueue for SqsLetters {
    async fn take(&self, most: usize, hold: Duration) -> Result<Vec<Letter>, QueueError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(i32::try_from(most.clamp(1, MOST_AT_ONCE)).unwrap_or(1))
            .visibility_timeout(i32::try_from(hold.as_secs()).unwrap_or(i32::MAX))
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::DeadLetterQueueSourceArn)
            .message_attribute_names(REASON)
            .message_attribute_names(FUNCTION)
            .message_attribute_names(MESSAGE_ID)
            .message_attribute_names(UNDELIVERED)
            .send()
            .await
            .map_err(|error| QueueError(describe(&error)))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(letter).collect())
    }

    async fn release(&self, receipts: &[String]) -> Result<(), QueueError> {
        for batch in receipts.chunks(MOST_AT_ONCE) {
            let entries: Vec<_> = batch
                .iter()
                .enumerate()
                .map(|(place, receipt)| {
                    ChangeMessageVisibilityBatchRequestEntry::builder()
                        .id(place.to_string())
                        .receipt_handle(receipt)
                        .visibility_timeout(0)
                        .build()
                })
                .collect::<Result<_, _>>()
                .map_err(|error| QueueError(error.to_string()))?;
            let answer = self
                .client
                .change_message_visibility_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries))
                .send()
                .await
                .map_err(|error| QueueError(describe(&error)))?;
            // SQS reports a deleted message, or one that is no longer in flight, as the sender's fault. Neither needs a
            // release.
            if let Some(failed) = answer.failed.iter().find(|failed| !failed.sender_fault) {
                return Err(QueueError(failed.code.clone()));
            }
        }
        Ok(())
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .send()
            .await
            .map_err(|error| QueueError(describe(&error)))?;
        Ok(())
    }
}

fn letter(message: Message) -> Letter {
    let (dead_lettered_by, message_id) = (dead_lettered_by(&message), text(&message, MESSAGE_ID));
    let sent = system(&message, &MessageSystemAttributeName::SentTimestamp);
    let since =
        sent.and_then(|millis| millis.parse().ok()).and_then(|at| Timestamp::from_millisecond(at).ok());
    Letter {
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        message_id,
        since,
        dead_lettered_by,
    }
}

/// Reads who dead-lettered the message. If several attributes name a sender, the function's is the most precise.
fn dead_lettered_by(message: &Message) -> DeadLetteredBy {
    match (text(message, REASON), text(message, UNDELIVERED)) {
        (Some(reason), _) => {
            DeadLetteredBy::Function { name: text(message, FUNCTION).unwrap_or_default(), reason }
        }
        (None, Some(reason)) => DeadLetteredBy::Topic { reason },
        (None, None) if system(message, &MessageSystemAttributeName::DeadLetterQueueSourceArn).is_some() => {
            DeadLetteredBy::Queue
        }
        (None, None) => DeadLetteredBy::Unknown,
    }
}

fn text(message: &Message, name: &str) -> Option<String> {
    message.message_attributes.as_ref()?.get(name)?.string_value.clone()
}

fn system<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> Option<&'a str> {
    message.attributes.as_ref()?.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests;
