//! [`EventStore`] and [`Redaction`] on DynamoDB: a consistent query reads a stream, a conditional put appends to it, and a
//! conditional update redacts an event in place.

use crate::Table;
use crate::error::store_error;
use crate::item::{event_item, key_item, read_envelope, text};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use event_store::limits::{check_event, check_pk};
use event_store::{AppendError, EventStore, Key, Redaction, StoreError, StreamId};
use events::Envelope;

#[async_trait]
impl EventStore for Table {
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError> {
        check_pk(&stream.to_string())?;
        let mut pages = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
            .expression_attribute_values(":pk", text(stream.to_string()))
            .expression_attribute_values(":event", text("event#"))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut envelopes = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|error| store_error(&error))?.items.unwrap_or_default() {
                envelopes.push(read_envelope(&item)?);
            }
        }
        Ok(envelopes)
    }

    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError> {
        check_event(stream, envelope)?;
        let answer = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(event_item(stream, envelope)))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            // The SDK retries a put whose answer was lost, and the retry finds our own event: a conflict like any
            // other. The step then reads again and finds its effect.
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Err(AppendError::Conflict)
            }
            Err(error) => Err(AppendError::Store(store_error(&error))),
        }
    }
}

#[async_trait]
impl Redaction for Table {
    async fn redact(&self, stream: &StreamId, redacted: &Envelope) -> Result<bool, StoreError> {
        check_event(stream, redacted)?;
        let answer = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key_item(&Key::of_event(stream, redacted))))
            .update_expression("SET #event = :redacted")
            // The key holds the event's id: its service, subject and sequence.
            .condition_expression("#type = :type")
            .expression_attribute_names("#event", "event")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":redacted", text(redacted.stored()))
            .expression_attribute_values(":type", text(&redacted.event_type))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(store_error(&error)),
        }
    }
}
