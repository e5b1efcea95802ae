//! Early, duplicate and late webhooks of Stripe. They arrive in any order, for days, and report the state at the time they
//! were created.

use crate::expected_end::{ALLOCATED, End, Order, REFUND, mail};
use crate::functions::Variable;
use crate::slow_provider::SlowProvider;
use crate::stack::{Checkout, Stack};
use crate::wait::until;
use crate::webhook_senders::{deliver, from_stripe, now, stripe_event};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// An order of one piece of 9.50, paid and requested from the warehouse.
const PAID: End<'_> = End {
    status: "allocated",
    attention: &[],
    captured: 950,
    refunded: 0,
    stock: &[],
    timeline: &[&ALLOCATED],
    mails: &[mail::PAID],
};

/// The intent with an earlier status.
fn with_status(intent: &Value, status: &str) -> Value {
    let mut before = intent.clone();
    before["status"] = status.into();
    if status != "succeeded" {
        before["amount_received"] = 0.into();
        before["latest_charge"] = Value::Null;
    }
    before
}

/// The provider has created the intent, and its answer is slow. Meanwhile the intent is paid and reported: the webhook is
/// parked until its order is known, and pays the order once.
#[test]
fn a_payment_webhook_before_its_order_is_parked_and_pays_it_once() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let slow = SlowProvider::new();
    let provider = Variable::set(&stack.emulator, "take-payment", "STRIPE_API_BASE", &slow.url());
    let order = Order::place(&stack, &Checkout::of(&[(&tea, 1)]));
    let intent =
        until("the intent at the provider", || stack.stripe.intents(|id| id == order.id).pop().ok_or("none"));
    let intent = stack.stripe.confirm(&intent);
    let event = stripe_event("payment_intent.succeeded", &intent);
    deliver(&stack, &event);
    let partition = format!("intent#{}", intent["id"].as_str().expect("an id"));
    let parked = until("the webhook to be parked", || {
        let parked = stack.tables.lists("PAYMENTS", &partition, "parked#");
        if parked > 0 { Ok(parked) } else { Err("nothing is parked") }
    });
    assert_eq!(
        stack.tables.stream("PAYMENTS", &order.id),
        [],
        "{parked} webhooks are parked, and no intent is recorded"
    );
    drop(slow);
    stack.await_status(&order.id, "allocated");
    drop(provider);
    deliver(&stack, &event);
    End { stock: &[(&tea, (5, 4, 1))], ..PAID }.await_seen(&stack, &order);
}

/// Stripe retries a failed webhook for days, with a new signature and its original time.
#[test]
fn duplicate_and_late_stripe_webhooks_change_nothing() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let intent = stack.stripe.intent(&order.id);
    for (kind, status) in [
        ("payment_intent.created", "requires_confirmation"),
        ("payment_intent.requires_action", "requires_action"),
        ("payment_intent.payment_failed", "requires_payment_method"),
        ("payment_intent.canceled", "canceled"),
        ("payment_intent.succeeded", "succeeded"),
    ] {
        let mut event = stripe_event(kind, &with_status(&intent, status));
        event["created"] = (now() - SignedDuration::from_hours(30)).as_second().into();
        deliver(&stack, &event);
        deliver(&stack, &event);
    }
    let allocated = End { stock: &[(&tea, (5, 4, 1))], ..PAID };
    allocated.await_seen(&stack, &order);

    stack.cancel(&order.id).expect(202);
    stack.await_status(&order.id, "cancelled");
    deliver(&stack, &stripe_event("payment_intent.succeeded", &intent));
    End {
        status: "cancelled",
        refunded: 950,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[
            &ALLOCATED,
            &["order_cancellation_requested", "shipment_cancelled", "stock_released"],
            &REFUND,
        ],
        mails: &[mail::PAID, mail::REFUNDED, mail::CANCELLED],
        ..allocated
    }
    .await_seen(&stack, &order);
}

/// A signature may be five minutes old; an older one is a replay attack.
#[test]
fn a_signature_within_the_tolerance_counts_and_an_older_one_does_not() {
    let stack = Stack::shared();
    let secret = tests::variable("STRIPE_WEBHOOK_SECRET");
    let event = stripe_event("customer.created", &json!({"id": "cus_1", "object": "customer"}));
    let id = event["id"].as_str().expect("an id");
    for age in [330, -330] {
        let signed_at = now() - SignedDuration::from_secs(age);
        from_stripe(&stack, &event, &secret, signed_at).problem(400);
        assert!(!stack.tables.in_inbox("PAYMENTS", "stripe", id));
    }
    from_stripe(&stack, &event, &secret, now() - SignedDuration::from_secs(270)).expect(200);
    assert!(stack.tables.in_inbox("PAYMENTS", "stripe", id));
}

/// Several stacks may share an account at the provider.
#[test]
fn i1_a_payment_of_another_stack_pays_nothing_here() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let waiting = Checkout::of(&[(&tea, 1)]).paid_by(stack.stripe.card(crate::payments::NEEDS_3D_SECURE));
    let order = Order::place(&stack, &waiting);
    stack.await_status(&order.id, "payment_action_required");
    let mut foreign = with_status(&stack.stripe.intent(&order.id), "succeeded");
    foreign["amount_received"] = 950.into();
    foreign["metadata"]["stack"] = "another-stack".into();
    deliver(&stack, &stripe_event("payment_intent.succeeded", &foreign));
    End {
        status: "payment_action_required",
        captured: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&["order_placed", "payment_requested", "payment_action_required"]],
        mails: &[],
        ..PAID
    }
    .await_seen(&stack, &order);
}
