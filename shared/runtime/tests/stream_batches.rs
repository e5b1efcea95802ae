//! A transient failure retries the whole batch; the key of a record that can never be handled is dead-lettered.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use events::{Delivered, ShippingEvent};
use resilience::{Failure, FixedClock};
use runtime::stream::{Batch, Item, Poison, Reader, Record, StreamWorker};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Log, MemoryQueue, envelope, now, order_id};

#[derive(Default)]
struct Seen(Mutex<Vec<Record>>);

#[async_trait::async_trait]
impl Reader for Seen {
    async fn read(&self, records: Vec<Record>) -> Result<Vec<Poison>, Failure> {
        if records.iter().any(|record| record.key.pk == "order#out") {
            return Err(Failure::retry("the topic is out"));
        }
        self.0.lock().unwrap().extend(records);
        Ok(vec![])
    }
}

fn record(name: &str, pk: &str, image: &Value) -> Value {
    let mut new_image = image.clone();
    new_image["pk"] = json!({"S": pk});
    new_image["sk"] = json!({"S": "event#000001"});
    let keys = json!({"pk": {"S": pk}, "sk": {"S": "event#000001"}});
    json!({"eventName": name, "dynamodb": {"Keys": keys, "NewImage": new_image}})
}

fn event() -> Value {
    let envelope = envelope(&order_id(1), 1, &ShippingEvent::from(Delivered {}));
    json!({"type": {"S": "Delivered"}, "event": {"S": serde_json::to_string(&envelope).unwrap()}})
}

struct Stream {
    seen: Arc<Seen>,
    queue: Arc<MemoryQueue>,
    clock: Arc<FixedClock>,
}

impl Stream {
    fn open() -> Self {
        Self { seen: Arc::default(), queue: Arc::default(), clock: Arc::new(FixedClock::at(now())) }
    }

    async fn carries(&self, records: &[Value]) -> Result<(), Failure> {
        let (queue, clock) = (self.queue.clone(), self.clock.clone());
        let worker = StreamWorker { function: "seen", queue, clock, reader: self.seen.clone() };
        let batch: Batch = serde_json::from_value(json!({ "Records": records })).unwrap();
        worker.work(batch).await
    }
}

#[tokio::test]
async fn new_events_and_documents_are_read_and_changes_are_not() {
    let stream = Stream::open();
    let document = json!({"document": {"S": "{\"a\":1}"}, "version": {"N": "3"}});
    let records = [
        record("INSERT", "order#1", &event()),
        record("MODIFY", "order#1", &event()),
        record("INSERT", "webhook#1", &document),
    ];
    stream.carries(&records).await.unwrap();
    let seen = stream.seen.0.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(matches!(&seen[0].item, Item::Event(envelope) if envelope.event_type == "Delivered"));
    assert!(
        matches!(&seen[1].item, Item::Document(found) if found.body == json!({"a": 1}) && found.version == 3)
    );
}

#[tokio::test]
async fn i6_a_malformed_record_is_dead_lettered_by_key_and_its_neighbours_are_read() {
    let stream = Stream::open();
    let malformed = json!({"event": {"S": "{"}});
    let records = [
        record("INSERT", "order#1", &event()),
        record("INSERT", "order#2", &malformed),
        record("INSERT", "order#3", &json!({})),
    ];
    stream.carries(&records).await.unwrap();
    assert_eq!(stream.seen.0.lock().unwrap().len(), 1);
    let keys: Vec<_> = stream.queue.dead_letters().into_iter().map(|letter| letter.body).collect();
    assert_eq!(keys, [r#"{"pk":"order#2","sk":"event#000001"}"#, r#"{"pk":"order#3","sk":"event#000001"}"#]);
}

#[tokio::test]
async fn a_transient_failure_retries_the_whole_batch() {
    let stream = Stream::open();
    let records = [record("INSERT", "order#1", &event()), record("INSERT", "order#out", &event())];
    assert!(stream.carries(&records).await.is_err());
}

#[tokio::test]
async fn i6_the_batch_is_retried_if_the_dead_letter_queue_is_out() {
    let stream = Stream::open();
    stream.queue.is_out.store(true, Ordering::SeqCst);
    assert!(stream.carries(&[record("INSERT", "order#1", &json!({}))]).await.is_err());
}

/// A heartbeat of the orders' table, as the stream carries it.
fn heartbeat(name: &str) -> Value {
    let (key, document) = runtime::heartbeat::item("orders", now());
    let keys = json!({"pk": {"S": key.pk}, "sk": {"S": key.sk}});
    let image = json!({"document": {"S": document.body.to_string()}});
    json!({"eventName": name, "dynamodb": {"Keys": keys, "NewImage": image}})
}

/// The heartbeats in a log: function, table and lag.
fn heartbeats(log: &Log) -> Vec<(String, String, u64)> {
    let lines = log.lines().into_iter().filter(|line| line.get("HeartbeatLag").is_some());
    let read = |line: Value| {
        let word = |name: &str| line[name].as_str().unwrap().to_owned();
        (word("function"), word("table"), line["HeartbeatLag"].as_u64().unwrap())
    };
    lines.map(read).collect()
}

#[tokio::test]
async fn a_heartbeat_is_reported_with_its_lag_and_no_reader_gets_it() {
    let (stream, log) = (Stream::open(), Log::of("seen", "error"));
    stream.clock.advance(Duration::from_millis(1_500));
    stream.carries(&[heartbeat("INSERT")]).await.unwrap();
    stream.carries(&[heartbeat("INSERT"), record("INSERT", "order#1", &event())]).await.unwrap();
    let expected = ("seen".to_owned(), "orders".to_owned(), 1_500);
    assert_eq!(heartbeats(&log), [expected.clone(), expected]);
    assert_eq!(stream.seen.0.lock().unwrap().len(), 1, "only the event");
    assert_eq!(stream.queue.dead_letters(), []);
}

#[tokio::test]
async fn a_reader_whose_batch_fails_reports_no_heartbeat() {
    let (stream, log) = (Stream::open(), Log::of("seen", "error"));
    let records = [heartbeat("INSERT"), record("INSERT", "order#out", &event())];
    stream.carries(&records).await.unwrap_err();
    assert_eq!(heartbeats(&log), []);
}

#[tokio::test]
async fn a_heartbeat_that_expires_reports_nothing() {
    let (stream, log) = (Stream::open(), Log::of("seen", "error"));
    stream.carries(&[heartbeat("REMOVE")]).await.unwrap();
    assert_eq!(heartbeats(&log), []);
    assert_eq!(stream.queue.dead_letters(), []);
}
