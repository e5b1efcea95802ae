//! No record stops the records around it: one that can never be handled is dead-lettered by its key, and one that fails for
//! now is redelivered with its batch, for 19 hours at most.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may be blunt outside of its test functions too"
)]

use event_store::Memory;
use events::{Delivered, ShippingEvent};
use resilience::{Deadline, Failure, FixedClock};
use runtime::letters::{self, LetterRecord, LetterRecords};
use runtime::stream::{Batch, Item, OnThreads, Reader, Record, StreamWorker, Takes};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Log, MemoryQueue, envelope, now, order_id};

/// A reader that does with a record what its partition key says, and notes what it has handled.
struct Script {
    takes: Takes,
    handled: Mutex<Vec<Record>>,
    calls: Mutex<Vec<usize>>,
    is_out: AtomicBool,
}

#[async_trait::async_trait]
impl Reader for Script {
    fn takes(&self) -> Takes {
        self.takes
    }

    async fn read(&self, records: &[Record]) -> Result<(), Failure> {
        self.calls.lock().unwrap().push(records.len());
        for record in records {
            match record.key.pk.as_str() {
                "order#out" if self.is_out.load(Ordering::SeqCst) => {
                    return Err(Failure::retry("the topic is out"));
                }
                "order#refused" => return Err(Failure::reject("it is too large")),
                "order#panics" => panic!("with a value"),
                "order#hangs" => std::future::pending().await,
                // What a call to AWS does that gets no answer.
                "order#slow" => {
                    tokio::time::sleep(Deadline::current().unwrap().left()).await;
                    return Err(Failure::retry("the table did not answer"));
                }
                "order#loops" => {
                    while self.is_out.load(Ordering::SeqCst) {
                        std::hint::spin_loop();
                    }
                }
                _ => {}
            }
        }
        self.handled.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

fn record(name: &str, pk: &str, image: &Value) -> Value {
    numbered(name, pk, 1, image)
}

fn numbered(name: &str, pk: &str, n: usize, image: &Value) -> Value {
    let sk = format!("event#{n:06}");
    let mut new_image = image.clone();
    new_image["pk"] = json!({"S": pk});
    new_image["sk"] = json!({"S": sk});
    let keys = json!({"pk": {"S": pk}, "sk": {"S": sk}});
    let written_at = now().as_second();
    json!({
        "eventID": format!("{pk}/{sk}"), "eventName": name,
        "dynamodb": {"Keys": keys, "NewImage": new_image, "ApproximateCreationDateTime": written_at}
    })
}

fn event() -> Value {
    let envelope = envelope(&order_id(1), 1, &ShippingEvent::from(Delivered {}));
    json!({"type": {"S": "Delivered"}, "event": {"S": serde_json::to_string(&envelope).unwrap()}})
}

/// The events of these partitions.
fn events(pks: &[&str]) -> Vec<Value> {
    let number = |place: usize| pks.iter().take(place + 1).filter(|pk| **pk == pks[place]).count();
    let places = pks.iter().enumerate();
    places.map(|(place, pk)| numbered("INSERT", pk, number(place), &event())).collect()
}

struct Stream {
    script: Arc<Script>,
    queue: Arc<MemoryQueue>,
    clock: Arc<FixedClock>,
    worker: StreamWorker,
}

impl Stream {
    fn open() -> Self {
        Self::that_takes(Takes::OneKey)
    }

    fn that_takes(takes: Takes) -> Self {
        let script =
            Script { takes, handled: Mutex::default(), calls: Mutex::default(), is_out: true.into() };
        Self::of(Arc::new(script), |script| script)
    }

    fn on_threads() -> Self {
        let script = Self::open().script;
        Self::of(script, |script| Arc::new(OnThreads::new(script)))
    }

    fn of(script: Arc<Script>, reader: impl FnOnce(Arc<Script>) -> Arc<dyn Reader>) -> Self {
        let (queue, clock) = (Arc::new(MemoryQueue::default()), Arc::new(FixedClock::at(now())));
        let worker = StreamWorker::new("script", queue.clone(), clock.clone(), reader(script.clone()));
        Self { script, queue, clock, worker }
    }

    async fn carries(&self, records: &[Value]) -> Result<(), Failure> {
        let batch: Batch = serde_json::from_value(json!({ "Records": records })).unwrap();
        self.worker.work(batch).await
    }

    /// The same in an invocation that has so much time.
    async fn carries_within(&self, time: Duration, records: &[Value]) -> Result<(), Failure> {
        Deadline::of_invocation(time).scope(self.carries(records)).await
    }

    fn handled(&self) -> Vec<String> {
        self.script.handled.lock().unwrap().iter().map(|record| record.key.to_string()).collect()
    }

    /// The partitions and reasons of the dead letters.
    fn dead_letters(&self) -> Vec<(String, String)> {
        let letters = self.queue.dead_letters().into_iter();
        let read =
            |body: &str| serde_json::from_str::<Value>(body).unwrap()["pk"].as_str().unwrap().to_owned();
        letters.map(|letter| (read(&letter.body), letter.reason)).collect()
    }
}

const BOTH: [Takes; 2] = [Takes::OneKey, Takes::Batch];
/// An invocation in which a call has 400 ms, and as much to return.
const SHORT: Duration = Duration::from_secs(4);

#[tokio::test]
async fn new_events_and_documents_are_read_and_changes_and_restored_items_are_not() {
    let stream = Stream::open();
    let mut restored = event();
    restored["restored_at"] = json!({"S": "2026-03-01T12:00:00Z"});
    let document = json!({"document": {"S": "{\"a\":1}"}, "version": {"N": "3"}});
    let records = [
        record("INSERT", "order#1", &event()),
        record("MODIFY", "order#1", &event()),
        record("INSERT", "order#2", &restored),
        record("INSERT", "webhook#1", &document),
    ];
    stream.carries(&records).await.unwrap();
    let seen = stream.script.handled.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(matches!(&seen[0].item, Item::Event(envelope) if envelope.event_type == "Delivered"));
    assert!(
        matches!(&seen[1].item, Item::Document(found) if *found.body == json!({"a": 1}) && found.version == 3)
    );
}

#[tokio::test]
async fn i6_a_malformed_record_is_dead_lettered_by_key_and_its_neighbours_are_read() {
    let stream = Stream::open();
    let records = [
        record("INSERT", "order#1", &event()),
        record("INSERT", "order#2", &json!({"event": {"S": "{"}})),
        record("INSERT", "order#3\u{fffe}", &json!({})),
    ];
    stream.carries(&records).await.unwrap();
    assert_eq!(stream.handled().len(), 1);
    let keys: Vec<_> = stream.queue.dead_letters().into_iter().map(|letter| letter.body).collect();
    assert_eq!(
        keys,
        [r#"{"pk":"order#2","sk":"event#000001"}"#, r#"{"pk":"order#3\ufffe","sk":"event#000001"}"#]
    );
}

#[tokio::test]
async fn i6_a_record_that_cannot_be_handled_is_dead_lettered_and_its_neighbours_are_handled() {
    for takes in BOTH {
        let stream = Stream::that_takes(takes);
        let records =
            events(&["order#1", "order#refused", "order#panics", "order#2", "order#refused", "order#1"]);
        stream.carries(&records).await.unwrap();
        let mut handled = stream.handled();
        handled.sort();
        assert_eq!(handled, ["order#1 / event#000001", "order#1 / event#000002", "order#2 / event#000001"]);
        let mut letters = stream.dead_letters();
        letters.sort();
        let too_large = ("order#refused".to_owned(), "it is too large".to_owned());
        assert_eq!(letters[1..], [too_large.clone(), too_large]);
        assert_eq!(letters[0].0, "order#panics");
        assert!(letters[0].1.starts_with("the code panicked at") && !letters[0].1.contains("value"));
    }
}

#[tokio::test]
async fn a_dead_letter_of_an_orders_record_is_recorded_and_of_another_item_is_not() {
    let table = Arc::new(Memory::default());
    let stream = Stream::open();
    let worker = stream.worker.recording(LetterRecords::of(table.clone()));
    let keys =
        [format!("order#{}", order_id(2)), "webhook#stripe#evt_1".to_owned(), "order#short".to_owned()];
    let records: Vec<Value> = keys.iter().map(|key| record("INSERT", key, &json!({}))).collect();
    worker.work(serde_json::from_value(json!({ "Records": records })).unwrap()).await.unwrap();
    assert_eq!(stream.queue.dead_letters().len(), 3);
    let recorded = table.all_documents();
    let [(key, document)] = recorded.as_slice() else { panic!("one record: {recorded:?}") };
    assert_eq!(key.pk, letters::partition(&order_id(2)));
    let record: LetterRecord = document.read(key).unwrap();
    assert_eq!((record.function.as_str(), record.at), ("script", now()));
    assert_eq!(record.message_id, format!("order#{} / event#000001", order_id(2)));
    assert!(record.reason.contains("neither an attribute event nor document"), "{}", record.reason);
}

#[tokio::test]
async fn i6_a_record_whose_handling_hangs_is_dead_lettered_within_the_invocation() {
    for takes in BOTH {
        let stream = Stream::that_takes(takes);
        let records = events(&["order#1", "order#hangs", "order#2"]);
        stream.carries_within(SHORT, &records).await.unwrap();
        assert_eq!(stream.handled().len(), 2);
        let [(pk, reason)] = &stream.dead_letters()[..] else { panic!("{:?}", stream.dead_letters()) };
        assert_eq!(pk, "order#hangs");
        assert!(reason.contains("did not end"), "{reason}");
    }
}

#[tokio::test]
async fn a_call_that_gets_no_answer_is_retried_and_not_taken_for_a_hang() {
    for takes in BOTH {
        let stream = Stream::that_takes(takes);
        let records = events(&["order#1", "order#slow"]);
        let outcome = stream.carries_within(SHORT, &records).await;
        assert_eq!(outcome, Err(Failure::retry("the table did not answer")));
        assert_eq!(stream.handled(), ["order#1 / event#000001"]);
        assert_eq!(stream.dead_letters(), []);
    }
}

#[tokio::test]
async fn a_batch_stops_before_its_invocation_does_and_is_finished_when_it_is_redelivered() {
    let stream = Stream::open();
    let records = events(&["order#hangs", "order#hangs"]);
    let begin = tokio::time::Instant::now();
    let outcome = stream.carries_within(SHORT, &records).await;
    assert!(begin.elapsed() + Duration::from_secs(1) < SHORT, "{:?}", begin.elapsed());
    assert!(matches!(outcome, Err(failure) if failure.reason().contains("ran out of time")));
    assert_eq!(stream.dead_letters().len(), 1);
    stream.carries_within(SHORT, &records).await.unwrap();
    assert_eq!(stream.dead_letters().len(), 2);
}

#[tokio::test]
async fn i6_a_call_that_never_yields_stops_neither_the_batch_nor_the_dead_letter() {
    let stream = Stream::on_threads();
    let records = events(&["order#1", "order#loops", "order#2"]);
    stream.carries_within(SHORT, &records).await.unwrap();
    assert_eq!(stream.handled().len(), 2);
    assert_eq!(stream.dead_letters()[0].0, "order#loops");
    stream.script.is_out.store(false, Ordering::SeqCst);
}

#[tokio::test]
async fn a_process_with_a_call_that_cannot_be_stopped_is_stuck_and_with_one_that_hangs_is_not() {
    runtime::panics::log_locations();
    let script = Stream::open().script;
    let reader = Arc::new(OnThreads::new(script.clone()));
    let stream = Stream::of(script, |_| reader.clone());
    stream.carries_within(SHORT, &events(&["order#hangs", "order#panics", "order#1"])).await.unwrap();
    assert!(!reader.is_stuck().await);
    let letters = stream.dead_letters();
    let place = letters.iter().find(|(pk, _)| pk == "order#panics").expect("a dead letter");
    assert!(place.1.contains("tests/stream_batches.rs:"), "{}", place.1);
    stream.carries_within(SHORT, &events(&["order#loops"])).await.unwrap();
    assert!(reader.is_stuck().await);
    stream.script.is_out.store(false, Ordering::SeqCst);
}

#[tokio::test]
async fn a_transient_failure_retries_the_batch_and_its_neighbours_are_handled_once() {
    for takes in BOTH {
        let stream = Stream::that_takes(takes);
        let records = events(&["order#1", "order#out", "order#refused", "order#2"]);
        for _ in 0..3 {
            assert_eq!(stream.carries(&records).await, Err(Failure::retry("the topic is out")));
        }
        assert_eq!(stream.handled().len(), 2, "{takes:?}");
        assert_eq!(stream.dead_letters().len(), 1, "{takes:?}");
        stream.script.is_out.store(false, Ordering::SeqCst);
        stream.carries(&records).await.unwrap();
        assert_eq!((stream.handled().len(), stream.dead_letters().len()), (3, 1), "{takes:?}");
    }
}

#[tokio::test]
async fn a_batch_that_was_done_is_handled_again_if_it_is_delivered_again() {
    let stream = Stream::open();
    for _ in 0..2 {
        stream.carries(&events(&["order#1", "order#refused"])).await.unwrap();
    }
    assert_eq!((stream.handled().len(), stream.dead_letters().len()), (2, 2));
}

#[tokio::test]
async fn a_record_does_not_overtake_an_older_one_of_its_key_that_is_retried() {
    let stream = Stream::open();
    let mut records = events(&["order#out", "order#1"]);
    records.push(numbered("INSERT", "order#out", 2, &event()));
    assert!(stream.carries(&records).await.is_err());
    stream.script.is_out.store(false, Ordering::SeqCst);
    stream.carries(&records).await.unwrap();
    assert_eq!(
        stream.handled(),
        ["order#1 / event#000001", "order#out / event#000001", "order#out / event#000002"]
    );
}

#[tokio::test]
async fn the_records_of_a_key_are_one_call_and_so_is_a_batch_without_order() {
    let stream = Stream::open();
    let records = events(&["order#1", "order#2", "order#1", "order#1"]);
    stream.carries(&records).await.unwrap();
    assert_eq!(*stream.script.calls.lock().unwrap(), [3, 1]);
    let stream = Stream::that_takes(Takes::Batch);
    stream.carries(&records).await.unwrap();
    assert_eq!(*stream.script.calls.lock().unwrap(), [4]);
}

#[tokio::test]
async fn i6_after_19_hours_a_record_that_still_fails_is_dead_lettered() {
    let stream = Stream::open();
    let records = events(&["order#out", "order#out", "order#1"]);
    stream.clock.advance(Duration::from_hours(19) - Duration::from_secs(1));
    assert!(stream.carries(&records).await.is_err());
    assert_eq!(stream.dead_letters(), []);
    stream.clock.advance(Duration::from_secs(1));
    stream.carries(&records).await.unwrap();
    let given_up = ("order#out".to_owned(), "given up after 19 h: the topic is out".to_owned());
    assert_eq!(stream.dead_letters(), [given_up.clone(), given_up]);
    assert_eq!(stream.handled(), ["order#1 / event#000001"]);
}

#[tokio::test]
async fn i6_the_batch_is_retried_if_the_dead_letter_queue_is_out() {
    let stream = Stream::open();
    stream.queue.is_out.store(true, Ordering::SeqCst);
    let records = events(&["order#1", "order#refused"]);
    assert!(stream.carries(&[record("INSERT", "order#2", &json!({}))]).await.is_err());
    assert!(stream.carries(&records).await.is_err());
    stream.queue.is_out.store(false, Ordering::SeqCst);
    stream.carries(&records).await.unwrap();
    assert_eq!(stream.dead_letters().len(), 1);
    assert_eq!(stream.handled().len(), 1);
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
    let (stream, log) = (Stream::open(), Log::of("script", "error"));
    stream.clock.advance(Duration::from_millis(1_500));
    stream.carries(&[heartbeat("INSERT")]).await.unwrap();
    stream.carries(&[heartbeat("INSERT"), record("INSERT", "order#1", &event())]).await.unwrap();
    let expected = ("script".to_owned(), "orders".to_owned(), 1_500);
    assert_eq!(heartbeats(&log), [expected.clone(), expected]);
    assert_eq!(stream.handled().len(), 1, "only the event");
    assert_eq!(stream.queue.dead_letters(), []);
}

#[tokio::test]
async fn a_reader_whose_batch_fails_reports_no_heartbeat() {
    let (stream, log) = (Stream::open(), Log::of("script", "error"));
    let records = [heartbeat("INSERT"), record("INSERT", "order#out", &event())];
    stream.carries(&records).await.unwrap_err();
    assert_eq!(heartbeats(&log), []);
}

#[tokio::test]
async fn a_heartbeat_that_expires_reports_nothing() {
    let (stream, log) = (Stream::open(), Log::of("script", "error"));
    stream.carries(&[heartbeat("REMOVE")]).await.unwrap();
    assert_eq!(heartbeats(&log), []);
    assert_eq!(stream.queue.dead_letters(), []);
}

#[tokio::test]
async fn i6_the_line_of_a_dead_letter_names_its_record_and_its_order() {
    let (stream, log) = (Stream::open(), Log::of("script", "info"));
    stream.carries(&events(&["order#refused"])).await.unwrap();
    let line = log.lines().into_iter().find(|line| line["failure"] == "reject").unwrap();
    let about = ["order.id", "event.id", "message.id"].map(|name| line[name].as_str().unwrap().to_owned());
    let event = format!("shipping/{}/1", order_id(1));
    assert_eq!(about, [order_id(1).as_str(), event.as_str(), "order#refused/event#000001"]);
}

#[tokio::test]
async fn a_batch_counts_what_it_did_not_handle_in_one_line() {
    let (stream, log) = (Stream::open(), Log::of("script", "error"));
    let pks = ["order#a", "order#out", "order#refused", "order#b"];
    stream.script.is_out.store(true, Ordering::SeqCst);
    stream.carries(&events(&pks)).await.unwrap_err();
    stream.script.is_out.store(false, Ordering::SeqCst);
    stream.carries(&events(&pks)).await.unwrap();
    let counts = ["Retried", "DeadLettered"];
    let lines = log.lines().into_iter().filter(|line| counts.iter().any(|name| line.get(name).is_some()));
    let counted: Vec<_> = lines.map(|line| counts.map(|name| line[name].as_u64().unwrap_or(0))).collect();
    assert_eq!(counted, [[1, 1]], "a batch that is handled has no line");
}
