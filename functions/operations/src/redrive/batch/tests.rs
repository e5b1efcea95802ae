//! A batch that its reader could not take: listed, handed to the reader again, discarded, and stopped at any call.

use crate::redrive::letter::tests::batch_created;
use crate::testing::{World, outcomes};
use outbound::{DeadLetteredBy, StoredBatch};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use testkit::{Plan, Stop};

const OBJECT: &str = "aws/lambda/7a3c1d2e-0000-4000-8000-000000000001/shardId-00000001573689847184-864758bb/2026/01/02/\
                      2026-01-02T03.04.05-7a3c1d2e-0000-4000-8000-000000000002";
const RECORDS: &str =
    r#"{"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": "order#1"}}}}]}"#;

/// The object that the event source of a DynamoDB stream puts, as AWS documents it.
fn object(function: &str, payload: &Value) -> String {
    json!({
        "requestContext": {
            "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
            "functionArn": format!("arn:aws:lambda:eu-central-1:111122223333:function:shop-{function}"),
            "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0", "timestamp": "2026-01-02T03:04:05.717Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": "800000000003126276362", "endSequenceNumber": "800000000003126276362",
            "approximateArrivalOfFirstRecord": "2026-01-01T06:04:05Z",
            "approximateArrivalOfLastRecord": "2026-01-01T06:04:05Z", "batchSize": 1,
            "streamArn": "arn:aws:dynamodb:eu-central-1:111122223333:table/shop-orders/stream/2026-01-01T00:00:00.388"
        },
        "payload": payload
    })
    .to_string()
}

impl World {
    /// A batch of `publish-events`, and the id of its dead letter.
    fn store_batch(&self, text: &str) -> String {
        let bucket = "shop-publisheventsfailedbatches-1a2b3c".to_owned();
        self.batches.put(&StoredBatch { bucket, object: OBJECT.to_owned() }, text);
        self.records.add(&batch_created(OBJECT), DeadLetteredBy::Unknown)
    }

    /// What is left: dead letters, batches, and the invocations so far.
    fn left(&self) -> (usize, usize, Vec<(String, String)>) {
        (self.records.all().len(), self.batches.count(), self.functions.invoked())
    }
}

fn command(to_do: &str) -> Value {
    json!({"function": "publish-events", "do": to_do, "all": true, "reason": "a test"})
}

fn handed_over() -> Vec<(String, String)> {
    vec![("publish-events".to_owned(), RECORDS.to_owned())]
}

#[tokio::test]
async fn a_requeue_hands_the_same_records_to_the_reader_and_deletes_the_batch() {
    let world = World::new();
    let id = world.store_batch(&object("publish-events", &json!(RECORDS)));
    let list = world.answer_redrive(json!({"function": "publish-events", "do": "list"})).await;
    assert_eq!(list["letters"][0]["kind"], "stream_batch", "{list}");
    assert_eq!(list["letters"][0]["about"]["object"], OBJECT);
    let answer = world.answer_redrive(command("requeue")).await;
    assert_eq!(outcomes(&answer), [(id.as_str(), "requeued")], "{answer}");
    assert_eq!(world.left(), (0, 0, handed_over()));
}

#[tokio::test]
async fn a_batch_that_its_reader_does_not_handle_is_kept() {
    let world = World::new();
    let id = world.store_batch(&object("publish-events", &json!(RECORDS)));
    world.functions.is_failing.store(true, Ordering::SeqCst);
    let answer = world.answer_redrive(command("requeue")).await;
    assert_eq!(outcomes(&answer), [(id.as_str(), "kept")]);
    assert!(answer["outcomes"][0]["because"].as_str().unwrap().contains("the topic is out"), "{answer}");
    assert_eq!((world.left(), world.records.in_flight()), ((1, 1, vec![]), 0));
}

#[tokio::test]
async fn a_batch_of_another_function_or_without_records_is_kept_and_nothing_is_invoked() {
    for text in [
        object("project-orders", &json!(RECORDS)),
        object("publish-events-2", &json!(RECORDS)),
        object("publish-events", &Value::Null),
        "no JSON".to_owned(),
    ] {
        let world = World::new();
        let id = world.store_batch(&text);
        let answer = world.answer_redrive(command("requeue")).await;
        assert_eq!(outcomes(&answer), [(id.as_str(), "kept")], "{text}");
        assert_eq!(world.left(), (1, 1, vec![]), "{text}");
    }
}

#[tokio::test]
async fn a_batch_that_is_gone_is_kept_as_a_dead_letter_to_discard() {
    let world = World::new();
    world.store_batch(&object("publish-events", &json!(RECORDS)));
    // The bucket reports an object at least once.
    let again = world.records.add(&batch_created(OBJECT), DeadLetteredBy::Unknown);
    let answer = world.answer_redrive(command("requeue")).await;
    assert_eq!(outcomes(&answer)[1], (again.as_str(), "kept"));
    assert!(answer["outcomes"][1]["because"].as_str().unwrap().contains("discard"), "{answer}");
    let answer = world.answer_redrive(command("discard")).await;
    assert_eq!(outcomes(&answer), [(again.as_str(), "discarded")]);
    assert_eq!(world.left(), (0, 0, handed_over()));
}

#[tokio::test]
async fn a_discard_deletes_the_batch_and_its_dead_letter() {
    let world = World::new();
    world.store_batch(&object("publish-events", &json!(RECORDS)));
    world.answer_redrive(command("discard")).await;
    assert_eq!(world.left(), (0, 0, vec![]));
}

#[tokio::test]
async fn a_run_that_is_stopped_at_any_call_loses_no_batch() {
    for call in 0..6 {
        for stop in Stop::ALL {
            let world = World::new();
            world.store_batch(&object("publish-events", &json!(RECORDS)));
            let plan = Plan::stopping(call, stop);
            plan.drive(world.run_redrive(plan.clone(), command("requeue"))).await;
            world.clock.advance(crate::redrive::HOLD);
            world.answer_redrive(command("requeue")).await;
            world.answer_redrive(command("discard")).await;
            let (letters, batches, invoked) = world.left();
            assert_eq!((letters, batches), (0, 0), "{call} {stop:?}");
            assert!(!invoked.is_empty(), "{call} {stop:?}");
        }
    }
}
