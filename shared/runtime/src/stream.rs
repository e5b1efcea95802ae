//! Stream readers: a table's new items, in order per key.
//!
//! A transient failure fails the whole batch, and the platform retries it until it succeeds or its records expire. A record
//! that can never be handled is skipped, but first its key goes to our own dead-letter queue: the platform's failure
//! destinations carry only metadata, and the stream keeps a record for a day.

use crate::Settings;
use crate::heartbeat::Heartbeat;
use async_trait::async_trait;
use event_store::{Document, Key};
use events::Envelope;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use outbound::{DeadLetter, Queue};
use resilience::{Clock, Failure, SystemClock};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use tracing::Instrument as _;

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

/// A record that can never be handled, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// The record's key.
    pub key: Key,
    /// Why, for the operator.
    pub reason: String,
}

/// What a function does with new items.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Handles a batch, oldest first, and returns the records that it had to skip. After an error the whole batch is
    /// redelivered, so handling a record twice must be harmless.
    async fn read(&self, records: Vec<Record>) -> Result<Vec<Poison>, Failure>;
}

/// A stream function: its reader and its dead-letter queue.
pub struct StreamWorker {
    /// The function's name, for dead letters.
    pub function: &'static str,
    /// Its dead-letter queue.
    pub queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What handles the records.
    pub reader: Arc<dyn Reader>,
}

/// The platform's batch. Each record is read alone, so that one malformed record does not stop the shard.
#[derive(Debug, Clone, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

impl StreamWorker {
    /// Reads `DEAD_LETTER_QUEUE_URL`; `queue` makes its adapter.
    pub fn from_settings(
        settings: &mut Settings,
        function: &'static str,
        queue: impl FnOnce(&str) -> Arc<dyn Queue>,
        reader: impl Reader + 'static,
    ) -> Self {
        let queue = queue(&settings.text("DEAD_LETTER_QUEUE_URL"));
        Self { function, queue, clock: Arc::new(SystemClock), reader: Arc::new(reader) }
    }

    /// Handles a batch; after an error it is redelivered.
    pub async fn work(&self, batch: Batch) -> Result<(), Failure> {
        let mut records = Vec::new();
        let mut poison = Vec::new();
        let mut heartbeats = Vec::new();
        for raw in batch.records {
            if let Some(heartbeat) = Heartbeat::read(&raw) {
                heartbeats.push(heartbeat);
                continue;
            }
            match read_record(&raw) {
                Ok(Some(record)) => records.push(record),
                Ok(None) => {}
                Err(malformed) => poison.push(malformed),
            }
        }
        if !records.is_empty() {
            poison.extend(self.reader.read(records).await?);
        }
        for Poison { key, reason } in poison {
            tracing::error!(failure = "reject", %key, reason, "the record's key is moved to the dead-letter queue");
            let body = serde_json::json!({ "pk": key.pk, "sk": key.sk }).to_string();
            let letter = DeadLetter { body, reason, function: self.function.to_owned() };
            self.queue.dead_letter(&letter).await.map_err(Failure::retry)?;
        }
        // Last, so that a reader whose batches fail reports none.
        for heartbeat in heartbeats {
            heartbeat.report(self.clock.now());
        }
        Ok(())
    }
}

/// Reads one record; `None` for changes and removals, which no reader handles.
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
        let envelope = json::from_str(&event)
            .map_err(|error| poison(format!("the attribute event is not an envelope: {error}")))?;
        Item::Event(Box::new(envelope))
    } else if let Some(document) = text(image, "document") {
        let body = json::from_str(&document)
            .map_err(|error| poison(format!("the attribute document cannot be read: {error}")))?;
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
                        "the whole batch is retried"
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
