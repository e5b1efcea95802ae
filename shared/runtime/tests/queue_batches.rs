//! A message's failure decides what happens to it, and never affects its neighbours.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use aws_lambda_events::sqs::SqsEvent;
use event_store::{Documents as _, Memory};
use events::{Delivered, Event, ShippingEvent};
use resilience::{Deadline, Failure, FixedClock};
use runtime::hints::Hints;
use runtime::letters::{self, LetterRecord, LetterRecords};
use runtime::queue::{Consumer, Message, Worker, ignored};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use testkit::{Gated, Log, MemoryQueue, Plan, Stop, envelope, now, order_id};

/// Fails by the subject's last digit: 1 is retried, 2 is rejected, 3 is retried after the provider's delay, 5 panics, 6 hangs.
struct Moody;

#[async_trait::async_trait]
impl Consumer for Moody {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        match message.envelope.subject.chars().last() {
            Some('1') => Err(Failure::retry("the table is out")),
            Some('2') => Err(Failure::reject("this can never be done")),
            Some('3') => Err(Failure::retry_after("retry later", Duration::from_secs(77))),
            Some('5') => panics(&message.envelope.subject),
            Some('6') => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

#[expect(clippy::panic, reason = "what the runner has to bear")]
fn panics(subject: &str) -> Result<(), Failure> {
    panic!("the address of {subject} is a secret")
}

fn worker(queue: &Arc<MemoryQueue>) -> Worker {
    Worker {
        function: "moody",
        queue: queue.clone(),
        clock: Arc::new(FixedClock::at(now())),
        give_up_after: Duration::from_hours(24),
        consumer: Arc::new(Moody),
        records: LetterRecords::default(),
    }
}

fn body(n: u64) -> String {
    serde_json::to_string(&envelope(&order_id(n), 1, &ShippingEvent::from(Delivered {}))).unwrap()
}

fn batch(bodies: &[(&str, String, u32, i64)]) -> SqsEvent {
    let records: Vec<Value> = bodies
        .iter()
        .map(|(id, body, deliveries, age_seconds)| {
            json!({
                "messageId": id, "receiptHandle": format!("receipt-{id}"), "body": body,
                "attributes": {
                    "ApproximateReceiveCount": deliveries.to_string(),
                    "SentTimestamp": (now().as_millisecond() - age_seconds * 1000).to_string()
                }
            })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

async fn worked(queue: &Arc<MemoryQueue>, bodies: &[(&str, String, u32, i64)]) -> Vec<String> {
    let response = worker(queue).work(batch(bodies)).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

#[tokio::test]
async fn only_the_failed_message_returns() {
    let queue = Arc::new(MemoryQueue::default());
    let back = worked(&queue, &[("a", body(0), 1, 0), ("b", body(1), 1, 0), ("c", body(4), 1, 0)]).await;
    assert_eq!(back, ["b"]);
    assert_eq!(queue.dead_letters(), []);
    let (receipt, wait) = queue.retries()[0].clone();
    assert_eq!(receipt, "receipt-b");
    assert!(wait <= Duration::from_secs(2));
}

#[tokio::test]
async fn the_delay_grows_with_each_delivery_unless_the_failure_sets_it() {
    let queue = Arc::new(MemoryQueue::default());
    worked(&queue, &[("a", body(1), 9, 0), ("b", body(3), 9, 0)]).await;
    let waits: Vec<_> = queue.retries().into_iter().map(|(_, wait)| wait).collect();
    assert!(waits[0] >= Duration::from_secs(128), "{waits:?}");
    assert_eq!(waits[1], Duration::from_secs(77));
}

#[tokio::test]
async fn a_rejected_message_is_dead_lettered_with_its_reason() {
    let queue = Arc::new(MemoryQueue::default());
    assert_eq!(worked(&queue, &[("a", body(2), 1, 0)]).await, [""; 0]);
    let letter = &queue.dead_letters()[0];
    assert_eq!((letter.reason.as_str(), letter.function.as_str()), ("this can never be done", "moody"));
    assert_eq!(letter.body, body(2));
}

#[tokio::test]
async fn a_dead_letter_of_an_order_is_recorded_without_its_content() {
    let (queue, table) = (Arc::new(MemoryQueue::default()), Arc::new(Memory::default()));
    let worker = Worker { records: LetterRecords::of(table.clone()), ..worker(&queue) };
    // The subject is an order, and the second delivery is dead-lettered again.
    for _ in 0..2 {
        worker.work(batch(&[("m-1", body(2), 1, 0), ("m-2", "no event".to_owned(), 1, 0)])).await;
    }
    assert_eq!(queue.dead_letters().len(), 4);
    let recorded = table.list(&letters::partition(&order_id(2)), "").await.unwrap();
    let [(key, document)] = recorded.as_slice() else { panic!("one record: {recorded:?}") };
    let expected = LetterRecord {
        function: "moody".to_owned(),
        reason: "this can never be done".to_owned(),
        message_id: "m-1".to_owned(),
        at: now(),
    };
    assert_eq!(document.read::<LetterRecord>(key).unwrap(), expected);
    assert!(document.expires_at.is_some_and(|end| end > now() + Duration::from_hours(29 * 24)));
    assert_eq!(table.all_documents().len(), 1, "a message that names no order has no record");
}

#[tokio::test]
async fn a_record_that_cannot_be_written_neither_loses_nor_duplicates_the_letter() {
    let queue = Arc::new(MemoryQueue::default());
    let table = Gated::new(Plan::stopping(0, Stop::Fail), Arc::new(Memory::default()));
    let log = Log::of("moody", "info");
    let worker = Worker { records: LetterRecords::of(table), ..worker(&queue) };
    let response = worker.work(batch(&[("m-1", body(2), 1, 0)])).await;
    assert_eq!(response.batch_item_failures.len(), 0, "the message does not return");
    assert_eq!(queue.dead_letters().len(), 1);
    assert!(log.text().contains("no explanation of its order will name it"), "{}", log.text());
}

#[tokio::test]
async fn an_unreadable_message_is_rejected_and_a_newer_one_is_retried() {
    let queue = Arc::new(MemoryQueue::default());
    let newer = body(0).replace("\"dataversion\":1", "\"dataversion\":99");
    let unknown = body(0).replace("\"Delivered\"", "\"NeverPublished\"");
    let bodies = [("a", "{".to_owned(), 1, 0), ("b", newer, 1, 0), ("c", unknown, 1, 0)];
    assert_eq!(worked(&queue, &bodies).await, ["b", "c"]);
    assert_eq!(queue.dead_letters().len(), 1);
}

#[tokio::test]
async fn the_reason_of_an_unreadable_message_names_the_field_and_quotes_no_value() {
    let queue = Arc::new(MemoryQueue::default());
    let misplaced = body(0).replace("\"dataversion\":1", "\"dataversion\":\"a secret\"");
    let column = misplaced.find("\"a secret\"").unwrap() + "\"a secret\"".len();
    worked(&queue, &[("a", misplaced, 1, 0), ("b", "a secret".to_owned(), 1, 0)]).await;
    let reasons: Vec<String> = queue.dead_letters().into_iter().map(|letter| letter.reason).collect();
    assert_eq!(
        reasons,
        [
            format!(
                "the message is not an envelope: dataversion: expected a whole number, 0 or more (line 1, column {column})"
            ),
            "the message is not an envelope: not JSON (line 1, column 1)".to_owned(),
        ]
    );
}

#[test]
fn an_event_that_no_step_handles_is_ignored_and_one_of_an_unknown_type_is_retried() {
    assert_eq!(ignored(&Event::Shipping(Delivered {}.into())), Ok(()));
    let mut envelope: serde_json::Value = serde_json::from_str(&body(1)).unwrap();
    envelope["type"] = "FromTheFuture".into();
    let read = Message::read(&envelope.to_string(), 1);
    assert!(matches!(read, Err(Failure::Retry { .. })), "{read:?}");
}

#[tokio::test]
async fn a_message_that_fails_for_too_long_is_dead_lettered() {
    let queue = Arc::new(MemoryQueue::default());
    let day = 24 * 3600;
    assert_eq!(worked(&queue, &[("a", body(1), 50, day + 1), ("b", body(1), 50, day - 1)]).await, ["b"]);
    assert!(queue.dead_letters()[0].reason.contains("the table is out"));
}

#[tokio::test]
async fn a_message_that_panics_is_retried_and_its_neighbours_are_handled() {
    let queue = Arc::new(MemoryQueue::default());
    assert_eq!(
        worked(&queue, &[("a", body(0), 1, 0), ("b", body(5), 3, 0), ("c", body(4), 1, 0)]).await,
        ["b"]
    );
    let (receipt, wait) = queue.retries()[0].clone();
    assert_eq!((receipt.as_str(), queue.retries().len()), ("receipt-b", 1));
    assert!(wait >= Duration::from_secs(2) && wait <= Duration::from_secs(8), "{wait:?}");
}

#[tokio::test]
async fn a_message_that_panics_for_too_long_is_dead_lettered_with_the_place() {
    runtime::panics::log_locations();
    let queue = Arc::new(MemoryQueue::default());
    assert_eq!(worked(&queue, &[("a", body(5), 50, 24 * 3600 + 1)]).await, [""; 0]);
    let reason = queue.dead_letters()[0].reason.clone();
    assert!(reason.contains("the code panicked at shared/runtime/tests/queue_batches.rs:"), "{reason}");
    assert!(!reason.contains("secret"), "{reason}");
}

#[tokio::test]
async fn what_is_not_finished_in_time_returns_after_a_short_wait() {
    let queue = Arc::new(MemoryQueue::default());
    let in_a_moment = Deadline::of_invocation(Duration::from_millis(1_050));
    let day = 24 * 3600;
    let bodies =
        [("a", body(0), 1, 0), ("b", body(6), 1, 0), ("c", body(2), 1, 0), ("d", body(6), 50, day + 1)];
    assert_eq!(in_a_moment.scope(worked(&queue, &bodies)).await, ["b"]);
    let (receipt, wait) = queue.retries()[0].clone();
    assert_eq!(receipt, "receipt-b");
    assert!(wait <= Duration::from_secs(2), "{wait:?}");
    let letters: Vec<String> = queue.dead_letters().into_iter().map(|letter| letter.reason).collect();
    assert_eq!(letters[0], "this can never be done");
    assert!(letters[1].contains("given up after 86400s: the invocation's time ran out"), "{letters:?}");
}

#[tokio::test]
async fn i6_a_message_returns_if_the_dead_letter_queue_is_out() {
    let queue = Arc::new(MemoryQueue::default());
    queue.is_out.store(true, Ordering::SeqCst);
    assert_eq!(worked(&queue, &[("a", body(2), 1, 0), ("b", body(1), 1, 0)]).await, ["a", "b"]);
}

#[tokio::test]
async fn a_message_that_returns_to_its_queue_counts_its_age_at_every_log_level() {
    let (queue, log) = (Arc::new(MemoryQueue::default()), Log::of("moody", "error"));
    worked(&queue, &[("a", body(1), 40, 4_000), ("b", body(0), 1, 9_000), ("c", body(2), 1, 9_000)]).await;
    let lines = log.lines().into_iter().filter(|line| line.get("RetriedMessageAge").is_some());
    let line = lines.collect::<Vec<_>>();
    let [line] = line.as_slice() else { panic!("one message returns: {line:?}") };
    assert_eq!((&line["RetriedMessageAge"], &line["function"]), (&json!(4_000), &json!("moody")));
    assert_eq!(
        line["_aws"]["CloudWatchMetrics"],
        json!([{
            "Namespace": "Conveyor",
            "Dimensions": [["stack", "function"]],
            "Metrics": [{"Name": "RetriedMessageAge", "Unit": "Seconds"}],
        }])
    );
}

/// The fields of a line that say what it is about.
fn about(line: &Value) -> [Option<&str>; 5] {
    ["message.id", "order.id", "event.id", "trace_id", "failure"].map(|name| line[name].as_str())
}

#[tokio::test]
async fn a_dead_letter_and_its_line_name_the_message_the_event_the_order_and_the_trace() {
    let (queue, log) = (Arc::new(MemoryQueue::default()), Log::of("moody", "info"));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = body(2).replacen('{', &format!("{{\"traceparent\":\"00-{trace}-00f067aa0ba902b7-01\","), 1);
    worked(&queue, &[("m-1", traced, 1, 0)]).await;
    assert_eq!(queue.dead_letters()[0].message_id, "m-1");
    let order = order_id(2);
    let event = format!("shipping/{order}/1");
    let line = log.lines().into_iter().find(|line| line["failure"] == "reject").unwrap();
    assert_eq!(
        about(&line),
        [Some("m-1"), Some(order.as_str()), Some(event.as_str()), Some(trace), Some("reject")]
    );
}

#[tokio::test]
async fn a_batch_counts_its_outcomes_in_one_line_with_the_age_of_each_handled_message() {
    let (queue, log) = (Arc::new(MemoryQueue::default()), Log::of("moody", "error"));
    let bodies = [
        ("a", body(0), 1, 3),
        ("b", body(1), 1, 0),
        ("c", body(2), 1, 0),
        ("d", body(4), 1, 7),
        ("e", body(0), 2, 0),
    ];
    worked(&queue, &bodies).await;
    let lines: Vec<Value> = log.lines().into_iter().filter(|line| line.get("HandledAge").is_some()).collect();
    let [line] = lines.as_slice() else { panic!("one line counts the batch: {lines:?}") };
    let values = ["Retried", "DeadLettered", "HandledAge"].map(|name| line[name].clone());
    assert_eq!(values, [json!(1), json!(1), json!([3_000, 7_000, 0])]);
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack"]]));
}

#[tokio::test]
async fn a_hint_that_is_given_up_or_rejected_is_dropped() {
    let queue = Arc::new(MemoryQueue::default());
    let worker = Worker { queue: Arc::new(Hints(queue.clone())), ..worker(&queue) };
    let two_days = 2 * 24 * 60 * 60;
    let messages = [("a", body(1), 1, 0), ("b", body(2), 1, 0), ("c", body(1), 9, two_days)];
    let back: Vec<String> = worker
        .work(batch(&messages))
        .await
        .batch_item_failures
        .into_iter()
        .map(|failure| failure.item_identifier)
        .collect();
    assert_eq!((back, queue.dead_letters()), (vec!["a".to_owned()], vec![]));
}
