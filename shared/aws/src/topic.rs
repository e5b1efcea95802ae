//! [`Topic`] on SNS: it publishes batches of at most ten messages and 256 KiB, and checks the answer for every entry.
//!
//! SNS refuses a request as a whole for one message that it cannot carry. Such a batch is published again one message at a time,
//! so that only that message is refused.

use crate::error::{Fault, describe, describe_refusal, fault, fault_of};
use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::BuildError;
use aws_sdk_sns::types::{BatchResultErrorEntry, MessageAttributeValue, PublishBatchRequestEntry};
use outbound::{LARGEST_PUBLICATION, Publication, PublishError, Topic, Undeliverable};

/// The most entries of a batch.
const ENTRIES: usize = 10;

#[derive(Debug)]
pub(crate) struct SnsTopic {
    pub(crate) client: Client,
    pub(crate) arn: String,
}

/// A message with its place among those of the call.
type Placed<'a> = (usize, &'a Publication);

#[async_trait]
impl Topic for SnsTopic {
    async fn publish(&self, messages: &[Publication]) -> Result<(), PublishError> {
        let (carried, refused): (Vec<Placed<'_>>, Vec<Placed<'_>>) =
            messages.iter().enumerate().partition(|(_, message)| message.bytes() <= LARGEST_PUBLICATION);
        let mut undeliverable: Vec<Undeliverable> = refused.into_iter().map(too_large).collect();
        for batch in batches(&carried) {
            undeliverable.extend(self.publish_batch(batch).await?);
        }
        if undeliverable.is_empty() { Ok(()) } else { Err(PublishError::Undeliverable(undeliverable)) }
    }
}

/// The topic's answer to one request.
enum Answer {
    /// It accepted all messages but these.
    AllBut(Vec<Undeliverable>),
    /// It refused the request as a whole for what was sent.
    Refused(String),
}

impl Answer {
    /// What of a batch the topic can never carry, if the batch cannot be divided.
    fn undeliverable(self, batch: &[Placed<'_>]) -> Vec<Undeliverable> {
        match self {
            Self::AllBut(undeliverable) => undeliverable,
            Self::Refused(reason) => batch
                .iter()
                .map(|(place, _)| Undeliverable { place: *place, reason: reason.clone() })
                .collect(),
        }
    }
}

impl SnsTopic {
    /// Publishes a batch and returns what the topic can never carry.
    async fn publish_batch(&self, batch: &[Placed<'_>]) -> Result<Vec<Undeliverable>, PublishError> {
        match self.send(batch).await? {
            Answer::Refused(reason) if batch.len() > 1 => {
                tracing::warn!(reason, "a batch was refused; its messages are published one at a time");
                let mut undeliverable = Vec::new();
                for one in batch.chunks(1) {
                    undeliverable.extend(self.send(one).await?.undeliverable(one));
                }
                Ok(undeliverable)
            }
            answer => Ok(answer.undeliverable(batch)),
        }
    }

    async fn send(&self, batch: &[Placed<'_>]) -> Result<Answer, PublishError> {
        let entries: Result<Vec<_>, _> = batch.iter().map(entry).collect();
        let entries = entries.map_err(|error| unavailable(batch.len(), batch, error.to_string()))?;
        let request = self.client.publish_batch().topic_arn(&self.arn);
        match request.set_publish_batch_request_entries(Some(entries)).send().await {
            Ok(answer) => {
                let accepted = answer.successful.unwrap_or_default().len();
                judge(batch, accepted, &answer.failed.unwrap_or_default()).map(Answer::AllBut)
            }
            Err(error) if fault_of(&error) == Fault::Data => Ok(Answer::Refused(describe(&error))),
            Err(error) => Err(unavailable(batch.len(), batch, describe(&error))),
        }
    }
}

/// Which entries of a batch can never be carried; an error if an entry has to be published again.
fn judge(
    batch: &[Placed<'_>],
    accepted: usize,
    failed: &[BatchResultErrorEntry],
) -> Result<Vec<Undeliverable>, PublishError> {
    if let Some(first) = failed.iter().find(|entry| !is_of_data(entry)) {
        return Err(unavailable(failed.len(), batch, describe_refusal(Some(&first.code), first.message())));
    }
    if accepted + failed.len() != batch.len() {
        let unanswered = batch.len().saturating_sub(accepted);
        return Err(unavailable(unanswered, batch, "an entry was neither accepted nor refused".to_owned()));
    }
    let undeliverable = failed.iter().map(|entry| {
        let place = entry.id.parse().map_err(|_| {
            unavailable(failed.len(), batch, "an entry that was not sent was refused".to_owned())
        })?;
        Ok(Undeliverable { place, reason: describe_refusal(Some(&entry.code), entry.message()) })
    });
    undeliverable.collect()
}

/// Whether an entry failed for what it holds. SNS reports a missing grant on a key as the sender's fault too.
fn is_of_data(entry: &BatchResultErrorEntry) -> bool {
    match fault(Some(&entry.code), entry.message()) {
        Fault::Data => true,
        Fault::Setup => false,
        Fault::Outage => entry.sender_fault && !entry.code.contains("Throttl"),
    }
}

fn unavailable(failed: usize, batch: &[Placed<'_>], reason: String) -> PublishError {
    PublishError::Unavailable { failed, of: batch.len(), reason }
}

fn too_large((place, message): Placed<'_>) -> Undeliverable {
    let bytes = message.bytes();
    let reason =
        format!("the message has {bytes} bytes with its attributes; SNS carries {LARGEST_PUBLICATION}");
    Undeliverable { place, reason }
}

fn entry((place, message): &Placed<'_>) -> Result<PublishBatchRequestEntry, BuildError> {
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
fn batches<'a, 'm>(messages: &'a [Placed<'m>]) -> Vec<&'a [Placed<'m>]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (place, (_, message)) in messages.iter().enumerate() {
        let is_full = place - start == ENTRIES || bytes + message.bytes() > LARGEST_PUBLICATION;
        if place > start && is_full {
            batches.push(&messages[start..place]);
            (start, bytes) = (place, 0);
        }
        bytes += message.bytes();
    }
    if start < messages.len() {
        batches.push(&messages[start..]);
    }
    batches
}

#[cfg(test)]
mod tests;
