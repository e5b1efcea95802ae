//! The sizes of items as DynamoDB counts them, for `docs/cost.md`: what a request costs follows from them.
//!
//! An attribute counts the bytes of its name and of its value; a number about one byte for two digits, and one more.
//! [DynamoDB, "Item sizes and formats"](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html)

use crate::item::{Item, document_item, event_item, key_item, number};
use aws_sdk_dynamodb::types::AttributeValue;
use event_store::{Document, Key, StreamId};
use events::Envelope;
use std::collections::BTreeMap;

/// The bytes of each attribute of an item, its name included.
pub type Attributes = BTreeMap<String, usize>;

/// Those of an event.
pub fn event(stream: &StreamId, envelope: &Envelope) -> Attributes {
    attributes(&event_item(stream, envelope))
}

/// Those of a document.
pub fn document(key: &Key, document: &Document) -> Attributes {
    attributes(&document_item(key, document))
}

/// Those of an item of numbers: stock, or the marks of a rate limit.
pub fn numbers<'a>(key: &Key, values: impl IntoIterator<Item = (&'a str, i64)>) -> Attributes {
    let mut item = key_item(key);
    item.extend(values.into_iter().map(|(name, value)| (name.to_owned(), number(value))));
    attributes(&item)
}

fn attributes(item: &Item) -> Attributes {
    item.iter().map(|(name, value)| (name.clone(), name.len() + bytes(value))).collect()
}

fn bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.trim_start_matches('-').len().div_ceil(2) + 1,
        // Our items hold texts and numbers.
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
