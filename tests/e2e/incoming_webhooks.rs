//! Incoming webhooks are kept once if their signature, mode and kind are right, and not at all otherwise.

use crate::stack::{Stack, fresh};
use crate::webhook_senders::{from_easypost, from_stripe, now, stripe_event};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// An event that is only kept.
fn an_event() -> (String, Value) {
    let event = stripe_event("customer.created", &json!({"id": "cus_1", "object": "customer"}));
    (event["id"].as_str().expect("an id").to_owned(), event)
}

#[test]
fn a_stripe_webhook_with_a_wrong_signature_leaves_nothing_behind() {
    let stack = Stack::shared();
    let (id, event) = an_event();
    from_stripe(&stack, &event, "whsec_of_another_account", now()).problem(400);
    let yesterday = now() - SignedDuration::from_hours(24);
    from_stripe(&stack, &event, &tests::variable("STRIPE_WEBHOOK_SECRET"), yesterday).problem(400);
    let unsigned = [("content-type", "application/json")];
    stack
        .anonymous
        .send("POST", "/webhooks/stripe", &unsigned, Some(event.to_string().into_bytes()))
        .problem(400);
    assert!(!stack.tables.in_inbox("PAYMENTS", "stripe", &id));
}

#[test]
fn a_stripe_webhook_is_kept_once_however_often_it_comes() {
    let stack = Stack::shared();
    let (id, event) = an_event();
    for _ in 0..3 {
        from_stripe(&stack, &event, &tests::variable("STRIPE_WEBHOOK_SECRET"), now()).expect(200);
        assert!(stack.tables.in_inbox("PAYMENTS", "stripe", &id), "200 means that it is durable");
    }
}

#[test]
fn a_stripe_webhook_of_live_mode_or_of_the_thin_kind_is_refused() {
    let stack = Stack::shared();
    let (live, mut of_live_mode) = an_event();
    of_live_mode["livemode"] = json!(true);
    let (thin, mut of_the_thin_kind) = an_event();
    of_the_thin_kind["object"] = json!("v2.core.event");
    for (id, event, problem) in [(live, of_live_mode, "wrong-mode"), (thin, of_the_thin_kind, "thin-event")] {
        let refused =
            from_stripe(&stack, &event, &tests::variable("STRIPE_WEBHOOK_SECRET"), now()).problem(400);
        assert_eq!(refused["type"], format!("urn:conveyor:problem:{problem}"));
        assert!(!stack.tables.in_inbox("PAYMENTS", "stripe", &id));
    }
}

#[test]
fn an_easypost_webhook_is_kept_once_and_only_if_its_signature_holds() {
    let stack = Stack::shared();
    let id = format!("evt_{}", fresh());
    let event =
        json!({"id": id, "object": "Event", "description": "batch.created", "mode": "test", "result": {}});
    from_easypost(&stack, &event, "the secret of another account").problem(400);
    assert!(!stack.tables.in_inbox("SHIPPING", "easypost", &id));
    for _ in 0..2 {
        from_easypost(&stack, &event, &tests::variable("EASYPOST_WEBHOOK_SECRET")).expect(200);
        assert!(stack.tables.in_inbox("SHIPPING", "easypost", &id));
    }
}
