//! A failure says what happens next, and one bad message never takes its neighbours along.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use aws_lambda_events::sqs::SqsEvent;
use events::{Delivered, ShippingEvent};
use resilience::{Failure, FixedClock};
use runtime::queue::{Consumer, Message, Worker};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use testkit::{MemoryQueue, envelope, now, order_id};

/// Fails by what the subject's last digit says: 1 is tried again, 2 is rejected, 3 when the provider says so.
struct Moody;

#[async_trait::async_trait]
impl Consumer for Moody {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        match message.envelope.subject.chars().last() {
            Some('1') => Err(Failure::retry("the table is out")),
            Some('2') => Err(Failure::reject("nobody can do this")),
            Some('3') => Err(Failure::retry_after("come back later", Duration::from_secs(77))),
            _ => Ok(()),
        }
    }
}

fn worker(queue: &Arc<MemoryQueue>) -> Worker {
    Worker {
        function: "moody",
        queue: queue.clone(),
        clock: Arc::new(FixedClock::at(now())),
        give_up_after: Duration::from_hours(24),
        consumer: Arc::new(Moody),
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
async fn only_the_message_that_failed_comes_back() {
    let queue = Arc::new(MemoryQueue::default());
    let back = worked(&queue, &[("a", body(0), 1, 0), ("b", body(1), 1, 0), ("c", body(4), 1, 0)]).await;
    assert_eq!(back, ["b"]);
    assert_eq!(queue.dead_letters(), []);
    let (receipt, wait) = queue.put_off()[0].clone();
    assert_eq!(receipt, "receipt-b");
    assert!(wait <= Duration::from_secs(2));
}

#[tokio::test]
async fn a_message_comes_back_later_each_time_or_when_it_was_told_to() {
    let queue = Arc::new(MemoryQueue::default());
    worked(&queue, &[("a", body(1), 9, 0), ("b", body(3), 9, 0)]).await;
    let waits: Vec<_> = queue.put_off().into_iter().map(|(_, wait)| wait).collect();
    assert!(waits[0] >= Duration::from_secs(128), "{waits:?}");
    assert_eq!(waits[1], Duration::from_secs(77));
}

#[tokio::test]
async fn a_rejected_message_goes_straight_to_the_dead_letters_with_its_reason() {
    let queue = Arc::new(MemoryQueue::default());
    assert_eq!(worked(&queue, &[("a", body(2), 1, 0)]).await, [""; 0]);
    let letter = &queue.dead_letters()[0];
    assert_eq!((letter.reason.as_str(), letter.function.as_str()), ("nobody can do this", "moody"));
    assert_eq!(letter.body, body(2));
}

#[tokio::test]
async fn what_is_no_event_is_rejected_and_what_is_too_new_comes_back() {
    let queue = Arc::new(MemoryQueue::default());
    let newer = body(0).replace("\"dataversion\":1", "\"dataversion\":99");
    let unknown = body(0).replace("\"Delivered\"", "\"NeverHeardOf\"");
    let bodies = [("a", "{".to_owned(), 1, 0), ("b", newer, 1, 0), ("c", unknown, 1, 0)];
    assert_eq!(worked(&queue, &bodies).await, ["b"]);
    assert_eq!(queue.dead_letters().len(), 2);
}

#[tokio::test]
async fn a_message_that_fails_for_too_long_is_set_aside() {
    let queue = Arc::new(MemoryQueue::default());
    let day = 24 * 3600;
    assert_eq!(worked(&queue, &[("a", body(1), 50, day + 1), ("b", body(1), 50, day - 1)]).await, ["b"]);
    assert!(queue.dead_letters()[0].reason.contains("the table is out"));
}

#[tokio::test]
async fn i6_a_message_whose_dead_letter_cannot_be_written_comes_back() {
    let queue = Arc::new(MemoryQueue::default());
    queue.is_out.store(true, Ordering::SeqCst);
    assert_eq!(worked(&queue, &[("a", body(2), 1, 0), ("b", body(1), 1, 0)]).await, ["a", "b"]);
}
