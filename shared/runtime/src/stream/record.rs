//! A record of a table's stream, read from the platform's JSON. Each is read alone, so that a malformed one does not stop
//! the shard.

use super::Takes;
use crate::{correlation, traces};
use event_store::{Document, Key};
use events::{Envelope, Traceparent};
use jiff::Timestamp;
use serde_json::Value;
use tracing::Span;
use tracing::field::Empty;

/// The attribute of an item that an operator copied back from a backup (`make restore`). It was read when it was first written.
const RESTORED: &str = "restored_at";

/// A new item of the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An event.
    Event(Box<Envelope>),
    /// A document beside the events.
    Document(Document),
}

/// A record of the stream: a new item under its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its key.
    pub key: Key,
    /// The item.
    pub item: Item,
}

impl Record {
    /// The span of a call with these records, which has at least one. Records of one key are of one order. An event or a
    /// webhook is named if it is alone.
    pub(super) fn span(records: &[Self]) -> Span {
        let span = named(records.first().map(|record| &record.key));
        let [record] = records else { return span };
        span.in_scope(|| match &record.item {
            Item::Event(envelope) => correlation::begin(&envelope.id, envelope.traceparent.as_ref()),
            Item::Document(document) => {
                let header = document.body["traceparent"].as_str();
                correlation::begin_trace(header.and_then(Traceparent::parse).as_ref())
            }
        });
        span
    }

    /// The span of a lane, and the exported spans of its records if there are several: each lasts as long as the lane.
    /// The records of a batch without order are of many orders.
    pub(super) fn spans(records: &[Self], takes: Takes) -> (Span, Vec<Span>) {
        let is_of_many = takes == Takes::Batch && records.len() > 1;
        let span = if is_of_many { Span::none() } else { Self::span(records) };
        let several = Some(records).filter(|records| traces::are_on() && records.len() > 1);
        let each = several.into_iter().flatten().map(|record| Self::span(std::slice::from_ref(record)));
        (span, each.collect())
    }
}

/// A span that names the order or the webhook of a key.
pub(super) fn named(key: Option<&Key>) -> Span {
    let pk = key.map(|key| key.pk.as_str()).unwrap_or_default();
    let webhook = pk.strip_prefix("webhook#").and_then(|rest| Some(rest.split_once('#')?.1));
    tracing::info_span!(
        "records",
        order.id = pk.strip_prefix("order#"),
        event.id = Empty,
        webhook.id = webhook,
        trace_id = Empty,
        otel.kind = Empty,
        otel.span_id = Empty,
        otel.parent_id = Empty,
        otel.failed = Empty
    )
}

/// What the platform says about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its id, the same each time the record is delivered; empty if the platform gave none.
    pub id: String,
    /// When the item was written, to the second.
    pub written_at: Option<Timestamp>,
}

/// A record as the stream delivers it; its item, or why it cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// What the platform says about it.
    pub about: About,
    /// Its key.
    pub key: Key,
    /// The new item.
    pub item: Result<Item, String>,
}

impl Arrived {
    /// Reads one record; `None` for changes, removals and restored items, which no reader handles.
    pub(super) fn read(raw: &Value) -> Option<Self> {
        let change = &raw["dynamodb"];
        if raw["eventName"] != "INSERT" || change["NewImage"].get(RESTORED).is_some() {
            return None;
        }
        let about = About {
            id: raw["eventID"].as_str().unwrap_or_default().to_owned(),
            written_at: written_at(change),
        };
        let keys = &change["Keys"];
        let key = Key { pk: text(keys, "pk").unwrap_or_default(), sk: text(keys, "sk").unwrap_or_default() };
        Some(Self { about, key, item: read_item(&change["NewImage"]) })
    }
}

fn text(of: &Value, name: &str) -> Option<String> {
    of[name]["S"].as_str().map(str::to_owned)
}

/// The platform gives whole seconds, as an integer or as a float.
fn written_at(change: &Value) -> Option<Timestamp> {
    let second = change["ApproximateCreationDateTime"].to_string();
    Timestamp::from_second(second.split('.').next()?.parse().ok()?).ok()
}

fn read_item(image: &Value) -> Result<Item, String> {
    if let Some(event) = text(image, "event") {
        let envelope = json::from_str(&event)
            .map_err(|error| format!("the attribute event is not an envelope: {error}"))?;
        Ok(Item::Event(Box::new(envelope)))
    } else if let Some(document) = text(image, "document") {
        let body = json::from_str(&document)
            .map_err(|error| format!("the attribute document cannot be read: {error}"))?;
        let number = |name: &str| image[name]["N"].as_str();
        Ok(Item::Document(Document {
            body,
            version: number("version").and_then(|version| version.parse().ok()).unwrap_or(0),
            expires_at: number("expires_at")
                .and_then(|second| Timestamp::from_second(second.parse().ok()?).ok()),
            attributes: Vec::new(),
        }))
    } else {
        Err("the item has neither an attribute event nor document".to_owned())
    }
}
