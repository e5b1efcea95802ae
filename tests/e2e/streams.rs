//! The readers of the tables' streams: records that none of them can handle, and a batch that one could not take.

use crate::emulator::Emulator;
use crate::functions::invoke_with;
use crate::stack::{Checkout, Stack, fresh};
use crate::tables::Tables;
use crate::wait::until;
use serde_json::{Value, json};

fn dead_letters(emulator: &Emulator, function: &str) -> Vec<Value> {
    emulator.queued(&tests::variable(&format!("CONVEYOR_{function}_DEAD_LETTERS_URL")))
}

/// Waits for a dead letter with this text in its body. Returns its id and its body.
fn await_letter(stack: &Stack, function: &str, text: &str) -> (String, Value) {
    until("the dead letter", || {
        let letters = dead_letters(&stack.emulator, function).into_iter();
        let mut found =
            letters.filter(|letter| letter["Body"].as_str().is_some_and(|body| body.contains(text)));
        let letter = found.next().ok_or(format!("{function} has no dead letter with {text}"))?;
        let text_of = |name: &str| letter[name].as_str().unwrap_or_default().to_owned();
        Ok::<_, String>((text_of("MessageId"), serde_json::from_str(&text_of("Body")).unwrap_or_default()))
    })
}

fn redrive(stack: &Stack, function: &str, to_do: &str, id: &str) -> Value {
    let request = json!({"function": function, "do": to_do, "ids": [id], "reason": "sent by a test"});
    invoke_with(&stack.emulator, "redrive-dead-letters", &request)
}

#[test]
fn i6_records_that_no_reader_can_handle_stop_no_order_and_are_dead_lettered_by_key() {
    let stack = Stack::exclusive();
    let (tables, tea, odd) = (Tables::new(), stack.goods(950, 10), fresh());
    let document = json!({"note": "not an event"});
    for service in ["ORDERS", "PAYMENTS", "SHIPPING"] {
        tables.put(service, &format!("order#{odd}\u{202e}\u{10ffff}"), "event#000001", &document);
    }
    tables.put("PAYMENTS", &format!("webhook#stripe#{odd}"), "inbox", &document);
    let order = stack.place(&Checkout::of(&[(&tea, 1)]));
    stack.await_status(&order, "allocated");
    for (function, name) in [
        ("PUBLISH_EVENTS", "publish-events"),
        ("PUBLISH_EVENTS", "publish-events"),
        ("PUBLISH_EVENTS", "publish-events"),
        ("APPLY_STRIPE_EVENT", "apply-stripe-event"),
    ] {
        let (id, key) = await_letter(&stack, function, &odd);
        assert!(key["pk"].as_str().is_some_and(|pk| pk.contains(&odd)) && key["sk"].is_string(), "{key}");
        let outcome = redrive(&stack, name, "discard", &id);
        assert_eq!(outcome["outcomes"][0]["outcome"], "discarded", "{outcome}");
    }
}

/// The emulator never stores a batch itself: here the object is what AWS documents.
#[test]
fn a_batch_that_a_reader_could_not_take_is_listed_and_handed_to_it_again() {
    let stack = Stack::exclusive();
    let (bucket, odd) = (tests::variable("CONVEYOR_PUBLISH_EVENTS_FAILED_BATCHES"), fresh());
    let functions = stack.emulator.functions();
    let of_name =
        |function: &&Value| function["Environment"]["Variables"]["FUNCTION_NAME"] == "publish-events";
    let arn = functions.iter().find(of_name).expect("the reader")["FunctionArn"].clone();
    let keys = json!({"pk": {"S": format!("order#{odd}")}, "sk": {"S": "event#000001"}});
    // A record that the reader dead-letters by its key, which shows that the reader got it.
    let record = json!({"eventID": odd, "eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": keys}});
    let object = json!({
        "requestContext": {
            "requestId": "316aa6d0-8154-4000-9af7-85d5f4a6bc81", "functionArn": arn,
            "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0", "timestamp": "2026-01-02T03:04:05.717Z", "DDBStreamBatchInfo": {"batchSize": 1},
        "payload": json!({"Records": [record]}).to_string()
    });
    let name = format!(
        "aws/lambda/{odd}/shardId-00000001573689847184-864758bb/2026/01/02/2026-01-02T03.04.05-{odd}"
    );
    stack.emulator.put_object(&bucket, &name, &object);

    let (batch, _) = await_letter(&stack, "PUBLISH_EVENTS", &name);
    let listed = redrive(&stack, "publish-events", "list", &batch);
    assert_eq!(listed["letters"][0]["kind"], "stream_batch", "{listed}");
    let outcome = redrive(&stack, "publish-events", "requeue", &batch);
    assert_eq!(outcome["outcomes"][0]["outcome"], "requeued", "{outcome}");
    let (record, key) = await_letter(&stack, "PUBLISH_EVENTS", &format!("order#{odd}"));
    assert_eq!(key["pk"], format!("order#{odd}"));
    redrive(&stack, "publish-events", "discard", &record);
    assert!(!stack.emulator.has_object(&bucket, &name));
}
