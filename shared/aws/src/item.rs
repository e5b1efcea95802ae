//! The shape of items in a table: how they are written, and how they are parsed when they are read.
//!
//! An event: `pk`, `sk`, `type`, `event` (the envelope's JSON, [`Envelope::stored`]). A document: `pk`, `sk`, `document` (JSON),
//! `version`, `expires_at` and text attributes for indexes. Counters: `pk`, `sk`, numbers, `version`. Marks of
//! rate limits: `pk`, `sk`, numbers, `expires_at`.

use aws_sdk_dynamodb::types::AttributeValue;
use event_store::{Counts, Document, Key, StoreError, StreamId};
use events::Envelope;
use jiff::Timestamp;
use std::collections::HashMap;
use std::str::FromStr;

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn key_item(key: &Key) -> Item {
    HashMap::from([("pk".to_owned(), text(&key.pk)), ("sk".to_owned(), text(&key.sk))])
}

pub(crate) fn event_item(stream: &StreamId, envelope: &Envelope) -> Item {
    let mut item = key_item(&Key::of_event(stream, envelope));
    item.insert("type".to_owned(), text(&envelope.event_type));
    item.insert("event".to_owned(), text(envelope.stored()));
    item
}

pub(crate) fn document_item(key: &Key, document: &Document) -> Item {
    let mut item = key_item(key);
    item.insert("document".to_owned(), text(document.body.to_string()));
    if document.version > 0 {
        item.insert("version".to_owned(), number(document.version));
    }
    if let Some(moment) = document.expires_at {
        item.insert("expires_at".to_owned(), number(moment.as_second()));
    }
    for (name, value) in &document.attributes {
        item.insert((*name).to_owned(), text(value));
    }
    item
}

pub(crate) fn read_key(item: &Item) -> Key {
    let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    Key { pk: part("pk"), sk: part("sk") }
}

pub(crate) fn read_envelope(item: &Item) -> Result<Envelope, StoreError> {
    let json = item.get("event").and_then(|value| value.as_s().ok());
    let json = json.ok_or_else(|| corrupt(item, "event", "it is missing"))?;
    json::from_str(json).map_err(|error| corrupt(item, "event", &error.to_string()))
}

pub(crate) fn read_document(item: &Item) -> Result<Document, StoreError> {
    let json = item.get("document").and_then(|value| value.as_s().ok());
    let json = json.ok_or_else(|| corrupt(item, "document", "it is missing"))?;
    let body = json::from_str(json).map_err(|error| corrupt(item, "document", &error.to_string()))?;
    Ok(Document {
        body,
        version: read_version(item)?,
        expires_at: read_number(item, "expires_at")?.and_then(|second| Timestamp::from_second(second).ok()),
        attributes: Vec::new(),
    })
}

/// Every number of the item except the version and the expiry.
pub(crate) fn read_counts(item: &Item) -> Result<Counts, StoreError> {
    let mut counts = Counts { version: read_version(item)?, ..Counts::default() };
    for (name, value) in item {
        if let (AttributeValue::N(digits), false) = (value, matches!(name.as_str(), "version" | "expires_at"))
        {
            let reason = || corrupt(item, "numbers", &format!("{name} is not a whole number"));
            counts.values.insert(name.clone(), digits.parse().map_err(|_| reason())?);
        }
    }
    Ok(counts)
}

pub(crate) fn read_number<N: FromStr>(item: &Item, name: &'static str) -> Result<Option<N>, StoreError> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let parsed = value.as_n().ok().and_then(|text| text.parse().ok());
    parsed.map(Some).ok_or_else(|| corrupt(item, name, "it is not a whole number"))
}

fn read_version(item: &Item) -> Result<u64, StoreError> {
    Ok(read_number(item, "version")?.unwrap_or(0))
}

fn corrupt(item: &Item, attribute: &'static str, reason: &str) -> StoreError {
    let Key { pk, sk } = read_key(item);
    StoreError::Corrupt { pk, sk, attribute, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
