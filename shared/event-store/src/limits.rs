//! What a table can hold and a topic can carry. Both adapters check it before they write, so that no event enters the table
//! that its topic would refuse for ever, and the in-memory twin refuses what DynamoDB refuses.

use crate::{Document, Key, StoreError, StreamId};
use events::Envelope;
use serde::Serialize;
use std::io;

/// The largest event, in bytes of its JSON. A topic carries 262,144 bytes with the message's attributes, which need the rest.
pub const LARGEST_EVENT: usize = 250_000;
/// The largest item, in bytes.
const LARGEST_ITEM: usize = 400 * 1024;
/// The longest partition key, in bytes.
const LONGEST_PK: usize = 2048;
/// The longest sort key, in bytes.
const LONGEST_SK: usize = 1024;
/// What an item needs beside its keys, document and text attributes: names, version and expiry.
const OVERHEAD: usize = 100;

/// JSON that a topic or queue accepts. They refuse U+FFFE and U+FFFF; JSON has them in texts only, where an escape is the same.
pub fn escaped(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// The partition key alone, as a query needs it.
pub fn check_pk(pk: &str) -> Result<(), StoreError> {
    check_part("partition key", pk, LONGEST_PK)
}

/// A key that the table accepts.
pub fn check_key(key: &Key) -> Result<(), StoreError> {
    check_pk(&key.pk)?;
    check_part("sort key", &key.sk, LONGEST_SK)
}

/// A document that fits into an item.
pub fn check_document(key: &Key, document: &Document) -> Result<(), StoreError> {
    check_key(key)?;
    let attributes = document.attributes.iter().map(|(name, value)| name.len() + value.len());
    let bytes =
        key.pk.len() + key.sk.len() + json_bytes(&document.body) + attributes.sum::<usize>() + OVERHEAD;
    if bytes > LARGEST_ITEM {
        return Err(invalid(format!(
            "the document has {bytes} bytes with its key; an item holds {LARGEST_ITEM}"
        )));
    }
    Ok(())
}

/// An event that its stream can hold and its topic can carry.
pub fn check_event(stream: &StreamId, envelope: &Envelope) -> Result<(), StoreError> {
    check_pk(&stream.to_string())?;
    // An escape takes twice the bytes of its character, so only a large event can become too large by its escapes.
    if json_bytes(envelope) <= LARGEST_EVENT / 2 {
        return Ok(());
    }
    // An envelope consists of texts, numbers and JSON, so serializing it cannot fail.
    let bytes = escaped(&serde_json::to_string(envelope).unwrap_or_default()).len();
    if bytes > LARGEST_EVENT {
        let event_type = &envelope.event_type;
        return Err(invalid(format!(
            "the event {event_type} has {bytes} bytes; a topic carries {LARGEST_EVENT}"
        )));
    }
    Ok(())
}

/// The bytes of a value's JSON, counted without storing it.
fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Our values have only string keys, and a count takes every byte.
    serde_json::to_writer(&mut count, value).map_or(0, |()| count.0)
}

fn check_part(what: &str, part: &str, longest: usize) -> Result<(), StoreError> {
    let bytes = part.len();
    if bytes == 0 || bytes > longest {
        return Err(invalid(format!("the {what} has {bytes} bytes; 1 to {longest} are allowed")));
    }
    Ok(())
}

fn invalid(reason: String) -> StoreError {
    StoreError::Invalid(reason)
}

#[cfg(test)]
mod tests;
