//! The batches of a table's stream, as the platform passes them to a reader.
//!
//! Only the runner knows heartbeats, so a batch with one is always the platform's JSON.

use event_store::{Key, StreamId, Written};
use outbound::DeadLetter;
use resilience::Failure;
use runtime::stream::{Batch, Item, Poison, Record, StreamWorker};
use serde_json::{Value, json};

/// Passes a batch to its reader: as the platform's JSON if the world does so, else as parsed records, which is faster.
pub(super) async fn read(worker: &StreamWorker, is_json: bool, items: Vec<Written>) -> Result<(), Failure> {
    if is_json || items.iter().any(is_heartbeat) {
        return worker.work(batch(&items)).await;
    }
    let records = items.into_iter().map(record).collect();
    for Poison { key, reason } in worker.reader.read(records).await? {
        let body = json!({"pk": key.pk, "sk": key.sk}).to_string();
        let letter = DeadLetter { body, reason, function: worker.function.to_owned() };
        worker.queue.dead_letter(&letter).await.map_err(Failure::retry)?;
    }
    Ok(())
}

fn is_heartbeat(item: &Written) -> bool {
    matches!(item, Written::Document(key, _) if key.pk.starts_with(runtime::heartbeat::PREFIX))
}

fn record(item: Written) -> Record {
    match item {
        Written::Event(envelope) => testkit::record(&envelope),
        Written::Document(key, document) => Record { key, item: Item::Document(document) },
    }
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
            let key = Key::new(stream.to_string(), format!("event#{:06}", envelope.sequence.number()));
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
    json!({"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": image}})
}
