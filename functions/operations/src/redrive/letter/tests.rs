//! How dead letters are classified, and that nothing personal is shown.

use super::*;
use serde_json::json;

fn view(body: &str, dead_lettered_by: DeadLetteredBy, has_queue: bool) -> LetterView {
    let (id, receipt) = ("letter".to_owned(), "receipt".to_owned());
    let (message_id, since) = (Some("m-1".to_owned()), Some(testkit::now()));
    let letter = Letter { id, receipt, body: body.to_owned(), message_id, since, dead_lettered_by };
    LetterView::of(&letter, "take-payment", has_queue)
}

fn rejected(reason: &str) -> DeadLetteredBy {
    DeadLetteredBy::Function { name: "take-payment".to_owned(), reason: reason.to_owned() }
}

#[test]
fn a_message_shows_its_event_and_order_and_nothing_personal() {
    let order = testkit::order_id(1);
    let envelope = testkit::envelope(&order, 1, &events::OrdersEvent::OrderPlaced(testkit::placed()));
    let view = view(&serde_json::to_string(&envelope).unwrap(), rejected("not understood"), true);
    assert_eq!((view.kind, view.can_be_requeued), (Kind::Message, true));
    assert_eq!(view.about.event_id.as_deref(), Some(envelope.id.as_str()));
    assert_eq!(view.about.event_type.as_deref(), Some("OrderPlaced"));
    assert_eq!(view.about.subject.as_deref(), Some(order.as_str()));
    assert_eq!(view.about.group(), order.as_str());
    assert_eq!((view.dead_lettered_by.as_str(), view.reason.as_str()), ("take-payment", "not understood"));
    let shown = serde_json::to_string(&view).unwrap();
    for personal in ["a@b.example", "Person", "Street", "+4179", "Bern", "pm_card"] {
        assert!(!shown.contains(personal), "{personal} in {shown}");
    }
}

#[test]
fn nothing_of_an_unreadable_body_is_shown() {
    for body in [
        "Ada, Street 1",
        "",
        "[1, 2]",
        r#"{"id": "Ada Person", "type": "a@b.example", "subject": {"name": "Ada"}}"#,
        &json!({"id": "x".repeat(201)}).to_string(),
    ] {
        let view = view(body, rejected("the message is not an envelope: not JSON (line 1, column 1)"), true);
        assert_eq!((view.kind, view.can_be_requeued), (Kind::Unreadable, true), "{body}");
        assert_eq!(view.about, About::default(), "{body}");
        assert_eq!(view.about.group(), "dead-letters");
    }
}

#[test]
fn a_message_of_a_newer_build_is_a_message() {
    let order = testkit::order_id(1);
    let mut envelope = testkit::envelope(&order, 1, &events::OrdersEvent::OrderPlaced(testkit::placed()));
    envelope.dataversion += 1;
    assert_eq!(
        view(&serde_json::to_string(&envelope).unwrap(), DeadLetteredBy::Queue, true).kind,
        Kind::Message
    );
}

#[test]
fn a_delivery_job_shows_its_delivery() {
    let view = view(r#"{"endpoint": "ep_1", "delivery": "dl_1", "attempt": 2}"#, DeadLetteredBy::Queue, true);
    assert_eq!((view.kind, view.can_be_requeued), (Kind::Message, true));
    assert_eq!(view.about.delivery_id.as_deref(), Some("dl_1"));
    assert_eq!(view.about.group(), "ep_1");
}

#[test]
fn a_group_is_at_most_128_characters() {
    let view = view(&json!({"subject": "x".repeat(200)}).to_string(), DeadLetteredBy::Queue, true);
    assert_eq!(view.about.group().len(), 128);
}

#[test]
fn a_stream_record_cannot_be_requeued_and_a_webhook_explains_its_replay() {
    let event = view(r#"{"pk": "order#0a", "sk": "event#000002"}"#, rejected("no envelope"), false);
    assert_eq!((event.kind, event.can_be_requeued), (Kind::StreamEvent, false));
    assert_eq!(event.about.subject.as_deref(), Some("0a"));
    assert_eq!(event.about.sk.as_deref(), Some("event#000002"));

    for sk in ["inbox", "replay#2026"] {
        let body = json!({"pk": "webhook#stripe#evt_1", "sk": sk}).to_string();
        let webhook = view(&body, rejected("another amount"), false);
        assert_eq!((webhook.kind, webhook.can_be_requeued), (Kind::Webhook, false));
        assert!(webhook.explain.contains("POST /webhooks/inbox/stripe:evt_1/replay"), "{}", webhook.explain);
    }
    let strange = view(r#"{"pk": "sku#TEA-01", "sk": "price"}"#, DeadLetteredBy::Unknown, false);
    assert_eq!((strange.kind, strange.can_be_requeued), (Kind::Unknown, false));
    assert_eq!(view("nonsense", DeadLetteredBy::Unknown, false).kind, Kind::Unknown);
}

#[test]
fn a_scheduled_run_shows_its_error_and_not_its_payload() {
    let body = json!({
        "requestContext": {"functionArn": "arn:of:sweep-orders", "condition": "RetriesExhausted"},
        "requestPayload": {"by": "Ada"}, "responsePayload": {"errorMessage": "two of three failed"},
    });
    let run = view(&body.to_string(), DeadLetteredBy::Unknown, false);
    assert_eq!((run.kind, run.can_be_requeued), (Kind::ScheduledRun, false));
    assert_eq!(
        (run.dead_lettered_by.as_str(), run.reason.as_str()),
        ("platform", "RetriesExhausted: two of three failed")
    );
    assert!(!serde_json::to_string(&run).unwrap().contains("Ada"));
}

#[test]
fn without_a_reason_the_mover_is_shown() {
    let moved = |dead_lettered_by| {
        let view = view("{}", dead_lettered_by, true);
        (view.dead_lettered_by, view.reason)
    };
    assert_eq!(moved(DeadLetteredBy::Queue).0, "queue");
    assert!(moved(DeadLetteredBy::Queue).1.contains("maxReceiveCount"));
    let undelivered = moved(DeadLetteredBy::Topic { reason: "AccessDenied\n".to_owned() });
    assert_eq!(undelivered, ("topic".to_owned(), "could not be delivered: AccessDenied".to_owned()));
    assert_eq!(moved(DeadLetteredBy::Unknown).0, "unknown");
}

/// What `EventBridge` sends of a new object.
pub(crate) fn batch_created(object: &str) -> String {
    json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "Object Created",
        "source": "aws.s3", "account": "111122223333", "time": "2026-01-02T03:04:05Z", "region": "eu-central-1",
        "resources": ["arn:aws:s3:::shop-publisheventsfailedbatches-1a2b3c"],
        "detail": {
            "version": "0", "bucket": {"name": "shop-publisheventsfailedbatches-1a2b3c"},
            "object": {"key": object, "size": 5120, "etag": "b1946ac92492d2347c6235b4d2611184", "sequencer": "00617F08299329D189"},
            "request-id": "N4N7GDK58NMKJ12R", "requester": "111122223333", "reason": "PutObject"
        }
    })
    .to_string()
}

#[test]
fn a_stored_batch_can_be_requeued_and_another_object_cannot() {
    let object = "aws/lambda/7a3c1d2e-0000-4000-8000-000000000001/shardId-00000001573689847184-864758bb/2026/01/02/\
                  2026-01-02T03.04.05-7a3c1d2e-0000-4000-8000-000000000002";
    let found = view(&batch_created(object), DeadLetteredBy::Unknown, false);
    assert_eq!((found.kind, found.can_be_requeued), (Kind::StreamBatch, true));
    assert_eq!(found.about.object.as_deref(), Some(object));
    assert_eq!(found.dead_lettered_by, "platform");
    assert!(found.reason.contains("21 hours") && found.explain.contains("requeue"), "{found:?}");
    let other = view(&batch_created("invoices/1.pdf"), DeadLetteredBy::Unknown, false);
    assert_eq!((other.kind, other.can_be_requeued, other.batch), (Kind::Unknown, false, None));
    let of_a_queue = view(&batch_created(object), DeadLetteredBy::Unknown, true);
    assert_eq!((of_a_queue.kind, of_a_queue.batch), (Kind::Unreadable, None));
}
