//! How dead letters are classified, and that nothing personal is shown.

use super::*;
use serde_json::json;

fn view(body: &str, dead_lettered_by: DeadLetteredBy, has_queue: bool) -> LetterView {
    let (id, receipt) = ("letter".to_owned(), "receipt".to_owned());
    let letter = Letter { id, receipt, body: body.to_owned(), since: Some(testkit::now()), dead_lettered_by };
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
