//! Stream readers: a table's new items, in order per key.
//!
//! A transport failure fails the whole batch, and the platform brings it again until it works or the record
//! expires. A record that cannot be handled at all is put into our own dead-letter queue with its keys before
//! it is skipped: the platform's failure destinations carry only metadata, and the stream is gone after a day.

use async_trait::async_trait;
use event_store::{Document, Key};
use events::Envelope;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use outbound::{DeadLetter, Queue};
use resilience::Failure;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use tracing::Instrument as _;

/// A new item of the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An event.
    Event(Box<Envelope>),
    /// What stands beside events.
    Document(Document),
}

/// A record of the stream: a new item and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its key.
    pub key: Key,
    /// What it is.
    pub item: Item,
}

/// A record that can never be handled, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// The record's key.
    pub key: Key,
    /// Why, for a person.
    pub reason: String,
}

/// What a function does with new items.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Handles a batch, oldest first; answers the records that it had to leave out. An error brings the whole
    /// batch again, so handling a record twice must be harmless.
    async fn read(&self, records: Vec<Record>) -> Result<Vec<Poison>, Failure>;
}

/// A stream function: where poison goes, and what reads.
pub struct StreamWorker {
    /// The function's name, for dead letters.
    pub function: &'static str,
    /// Its dead-letter queue.
    pub queue: Arc<dyn Queue>,
    /// What reads.
    pub reader: Arc<dyn Reader>,
}

/// The platform's batch. Each record is read by itself, so that one unsound record does not stop the shard.
#[derive(Debug, Clone, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

impl StreamWorker {
    /// Handles a batch; an error brings it again.
    pub async fn work(&self, batch: Batch) -> Result<(), Failure> {
        let mut records = Vec::new();
        let mut poison = Vec::new();
        for raw in batch.records {
            match read_record(&raw) {
                Ok(Some(record)) => records.push(record),
                Ok(None) => {}
                Err(unsound) => poison.push(unsound),
            }
        }
        if !records.is_empty() {
            poison.extend(self.reader.read(records).await?);
        }
        for Poison { key, reason } in poison {
            tracing::error!(failure = "reject", %key, reason, "the record is set aside in the dead-letter queue");
            let body = serde_json::json!({ "pk": key.pk, "sk": key.sk }).to_string();
            let letter = DeadLetter { body, reason, function: self.function.to_owned() };
            self.queue.set_aside(&letter).await.map_err(Failure::retry)?;
        }
        Ok(())
    }
}

/// Reads one record; `None` for changes and removals, which no reader of ours is meant to see.
fn read_record(raw: &Value) -> Result<Option<Record>, Poison> {
    if raw["eventName"] != "INSERT" {
        return Ok(None);
    }
    let change = &raw["dynamodb"];
    let text = |of: &Value, name: &str| of[name]["S"].as_str().map(str::to_owned);
    let key = Key {
        pk: text(&change["Keys"], "pk").unwrap_or_default(),
        sk: text(&change["Keys"], "sk").unwrap_or_default(),
    };
    let image = &change["NewImage"];
    let poison = |reason: String| Poison { key: key.clone(), reason };
    let item = if let Some(event) = text(image, "event") {
        let envelope = serde_json::from_str(&event)
            .map_err(|error| poison(format!("the attribute event is no envelope: {:?}", error.classify())))?;
        Item::Event(Box::new(envelope))
    } else if let Some(document) = text(image, "document") {
        let body = serde_json::from_str(&document)
            .map_err(|error| poison(format!("the attribute document is not JSON: {:?}", error.classify())))?;
        let number = |name: &str| image[name]["N"].as_str().and_then(|text| text.parse::<i64>().ok());
        Item::Document(Document {
            body,
            version: number("version").and_then(|version| u64::try_from(version).ok()).unwrap_or(0),
            expires_at: number("expires_at").and_then(|second| Timestamp::from_second(second).ok()),
            attributes: Vec::new(),
        })
    } else {
        return Err(poison("the item has neither an attribute event nor document".to_owned()));
    };
    Ok(Some(Record { key, item }))
}

/// Runs a stream function until the platform ends it.
pub async fn run(worker: StreamWorker) -> Result<(), crate::Error> {
    let worker = Arc::new(worker);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<Batch>| {
        let worker = Arc::clone(&worker);
        async move {
            let span = tracing::info_span!("batch", request_id = event.context.request_id);
            async {
                let outcome = worker.work(event.payload).await;
                if let Err(failure) = &outcome {
                    tracing::error!(
                        failure = "retry",
                        reason = failure.reason(),
                        "the whole batch comes back"
                    );
                }
                outcome.map_err(crate::Error::from)
            }
            .instrument(span)
            .await
        }
    }))
    .await
}
