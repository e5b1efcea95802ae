//! Records of a stream, passed to a reader as its function passes them.

use crate::{MemoryQueue, now};
use event_store::Key;
use outbound::DeadLetter;
use resilience::{Failure, FixedClock};
use runtime::stream::{About, Arrived, Reader, Record, StreamWorker};
use std::sync::Arc;

/// A record as it arrives from the stream, written at [`now`].
pub fn arrived(id: &str, Record { key, item }: Record) -> Arrived {
    Arrived { about: About { id: id.to_owned(), written_at: Some(now()) }, key, item: Ok(item) }
}

/// Has a reader handle the records as one batch, and returns its dead letters. `Err`: the batch is retried.
pub async fn read_batch(
    reader: impl Reader + 'static,
    records: Vec<Record>,
) -> Result<Vec<DeadLetter>, Failure> {
    let queue = Arc::new(MemoryQueue::default());
    let clock = Arc::new(FixedClock::at(now()));
    let worker = StreamWorker::new("sample", queue.clone(), clock, Arc::new(reader));
    worker.handle(records.into_iter().map(|record| arrived("", record)).collect()).await?;
    Ok(queue.dead_letters())
}

/// The body of a record's dead letter.
pub fn letter_of(key: &Key) -> String {
    serde_json::json!({ "pk": key.pk, "sk": key.sk }).to_string()
}
