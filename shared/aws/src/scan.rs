//! [`EventScan`] on DynamoDB. It names the attributes of an event, because a role may grant a scan of these alone.

use crate::Table;
use crate::error::store_error;
use crate::item::{Item, key_item, read_envelope, read_key};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select};
use event_store::{EventScan, Key, Scanned, StoreError};
use events::Envelope;
use std::fmt::Display;

#[async_trait]
impl EventScan for Table {
    async fn scan(&self, position: Option<&Key>, limit: u32) -> Result<Scanned, StoreError> {
        let answer = self
            .client
            .scan()
            .table_name(&self.name)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .select(Select::SpecificAttributes)
            .projection_expression("pk, sk, #event")
            .filter_expression("attribute_exists(#event)")
            .expression_attribute_names("#event", "event")
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .set_exclusive_start_key(position.map(key_item))
            .send()
            .await
            .map_err(|error| store_error(&error))?;
        let (events, unreadable) = read(&answer.items.unwrap_or_default());
        Ok(Scanned {
            events,
            unreadable,
            items: u32::try_from(answer.scanned_count).unwrap_or(0),
            half_units: halves(answer.consumed_capacity.and_then(|used| used.capacity_units)),
            next: answer.last_evaluated_key.as_ref().map(read_key),
        })
    }
}

/// The events, and the keys of those that are not readable.
fn read(items: &[Item]) -> (Vec<Envelope>, Vec<Key>) {
    let (mut events, mut unreadable) = (Vec::new(), Vec::new());
    for item in items {
        match read_envelope(item) {
            Ok(envelope) => events.push(envelope),
            Err(error) => {
                tracing::error!(%error, "an event cannot be read");
                unreadable.push(read_key(item));
            }
        }
    }
    (events, unreadable)
}

/// Units as halves. DynamoDB reports them as a decimal, such as `12.5`.
fn halves(units: Option<impl Display>) -> u64 {
    let tenths = units.map(|units| format!("{units:.1}").replace('.', ""));
    tenths.and_then(|tenths| tenths.parse::<u64>().ok()).map_or(0, |tenths| tenths / 5)
}

#[cfg(test)]
mod tests;
