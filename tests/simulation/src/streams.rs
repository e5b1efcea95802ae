//! The batches of a table's stream, as the platform passes them to a reader.
//!
//! Only the runner knows heartbeats, so a batch with one is always the platform's JSON.

use async_trait::async_trait;
use event_store::{Document, Key, StreamId, Written};
use resilience::Failure;
use runtime::panics::caught;
use runtime::stream::{About, Arrived, Batch, Item, Reader, Record, StreamWorker, Takes};
use serde_json::{Value, json};
use std::sync::Arc;

/// Partitions of records that no reader handles: it refuses the one, and panics at the other.
const POISON: [&str; 2] = ["poison#refused", "poison#panics"];

/// The n-th record that no reader handles.
pub(super) fn poison(n: u64) -> Written {
    let pk = if n.is_multiple_of(2) { POISON[0] } else { POISON[1] };
    Written::Document(Key::new(pk, n.to_string()), Document::of(&n))
}

/// Its key.
pub(super) fn poison_in(item: &Written) -> Option<Key> {
    match item {
        Written::Document(key, _) if POISON.contains(&key.pk.as_str()) => Some(key.clone()),
        Written::Document(..) | Written::Event(_) => None,
    }
}

/// A reader that handles all records but those.
pub(super) struct Trapped(pub(super) Arc<dyn Reader>);

#[async_trait]
impl Reader for Trapped {
    fn takes(&self) -> Takes {
        self.0.takes()
    }

    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        for record in records {
            match POISON.iter().position(|pk| *pk == record.key.pk) {
                Some(0) => return Err(Failure::reject("it is refused")),
                // A panic without the report to stderr.
                Some(_) => std::panic::resume_unwind(Box::new("it panics")),
                None => {}
            }
        }
        // A panic of chance is no fault of the record: two in a row would dead-letter an event that a customer waits for.
        caught(self.0.read(records)).await?
    }
}

/// Passes a batch to its worker: as the platform's JSON if the world does so, else as parsed records, which is faster.
pub(super) async fn read(worker: &StreamWorker, is_json: bool, items: Vec<Written>) -> Result<(), Failure> {
    if is_json || items.iter().any(is_heartbeat) {
        worker.work(batch(&items)).await
    } else {
        worker.handle(items.into_iter().map(arrived).collect()).await
    }
}

fn is_heartbeat(item: &Written) -> bool {
    matches!(item, Written::Document(key, _) if key.pk.starts_with(runtime::heartbeat::PREFIX))
}

fn arrived(item: Written) -> Arrived {
    let Record { key, item } = match item {
        Written::Event(envelope) => testkit::record(&envelope),
        Written::Document(key, document) => Record { key, item: Item::Document(document) },
    };
    // Its age is not known, so no fault lasts too long for it.
    let about = About { id: key.to_string(), written_at: None };
    Arrived { about, key, item: Ok(item) }
}

/// New items, as the event source of a stream passes them.
fn batch(items: &[Written]) -> Batch {
    let records: Vec<Value> = items.iter().map(insertion).collect();
    serde_json::from_value(json!({ "Records": records })).expect("a batch")
}

fn insertion(item: &Written) -> Value {
    let (key, image) = match item {
        Written::Event(envelope) => {
            let stream = StreamId::of(envelope).expect("an envelope of one of the services");
            let key = Key::of_event(&stream, envelope);
            let event = serde_json::to_string(envelope).expect("an envelope is JSON");
            (key, json!({"type": {"S": envelope.event_type}, "event": {"S": event}}))
        }
        Written::Document(key, document) => {
            let mut image = json!({
                "document": {"S": document.body.to_string()},
                "version": {"N": document.version.to_string()}
            });
            if let Some(moment) = document.expires_at {
                image["expires_at"] = json!({"N": moment.as_second().to_string()});
            }
            (key.clone(), image)
        }
    };
    let keys = json!({"pk": {"S": key.pk}, "sk": {"S": key.sk}});
    json!({"eventID": key.to_string(), "eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": image}})
}
