//! What Stripe tells too early, twice, or hours later. Its webhooks come in any order, for days, and say what was true
//! when they were made.

use crate::ending::{ALLOCATED, End, Order, REFUND, mail};
use crate::functions::Variable;
use crate::senders::{deliver, from_stripe, now, stripe_event};
use crate::shop::{Checkout, Shop};
use crate::slow::SlowProvider;
use crate::wait::until;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// An order of one piece of 9.50, paid and with the warehouse.
const PAID: End<'_> = End {
    status: "allocated",
    attention: &[],
    captured: 950,
    refunded: 0,
    stock: &[],
    timeline: &[&ALLOCATED],
    mails: &[mail::PAID],
};

/// The intent as it was at some time before.
fn as_it_was(intent: &Value, status: &str) -> Value {
    let mut before = intent.clone();
    before["status"] = status.into();
    if status != "succeeded" {
        before["amount_received"] = 0.into();
        before["latest_charge"] = Value::Null;
    }
    before
}

/// The provider has the intent, and its answer to the shop that asked for it is slow. Meanwhile the money is taken, and
/// told: the webhook waits until its order is known, and the shop finds that there is nothing left to do.
#[test]
fn a_payment_webhook_before_its_order_is_parked_and_pays_it_once() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 5);
    let slow = SlowProvider::new();
    let provider = Variable::set(&shop.emulator, "take-payment", "STRIPE_API_BASE", &slow.url());
    let order = Order::place(&shop, &Checkout::of(&[(&tea, 1)]));
    let intent =
        until("the intent at the provider", || shop.stripe.intents(|id| id == order.id).pop().ok_or("none"));
    let intent = shop.stripe.confirm(&intent);
    let told = stripe_event("payment_intent.succeeded", &intent);
    deliver(&shop, &told);
    let waits = format!("intent#{}", intent["id"].as_str().expect("an id"));
    let parked = until("the webhook to wait for its order", || {
        let parked = shop.tables.lists("PAYMENTS", &waits, "parked#");
        if parked > 0 { Ok(parked) } else { Err("nothing is parked") }
    });
    assert_eq!(shop.tables.stream("PAYMENTS", &order.id), [], "payments knows of {parked}, and of no intent");
    drop(slow);
    shop.await_status(&order.id, "allocated");
    drop(provider);
    deliver(&shop, &told);
    End { stock: &[(&tea, (5, 4, 1))], ..PAID }.is_seen(&shop, &order);
}

/// A webhook that failed is sent again for days: signed anew, and with the time at which it was made.
#[test]
fn duplicate_and_late_stripe_webhooks_change_nothing() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 1)]));
    let intent = shop.stripe.intent(&order.id);
    for (kind, status) in [
        ("payment_intent.created", "requires_confirmation"),
        ("payment_intent.requires_action", "requires_action"),
        ("payment_intent.payment_failed", "requires_payment_method"),
        ("payment_intent.canceled", "canceled"),
        ("payment_intent.succeeded", "succeeded"),
    ] {
        let mut event = stripe_event(kind, &as_it_was(&intent, status));
        event["created"] = (now() - SignedDuration::from_hours(30)).as_second().into();
        deliver(&shop, &event);
        deliver(&shop, &event);
    }
    let allocated = End { stock: &[(&tea, (5, 4, 1))], ..PAID };
    allocated.is_seen(&shop, &order);

    shop.cancel(&order.id).expect(202);
    shop.await_status(&order.id, "cancelled");
    deliver(&shop, &stripe_event("payment_intent.succeeded", &intent));
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
    .is_seen(&shop, &order);
}

/// The signature's time is the sender's: five minutes are believed, more is a replay.
#[test]
fn a_signature_within_the_tolerance_counts_and_an_older_one_does_not() {
    let shop = Shop::open();
    let secret = tests::stack("STRIPE_WEBHOOK_SECRET");
    let event = stripe_event("customer.created", &json!({"id": "cus_1", "object": "customer"}));
    let id = event["id"].as_str().expect("an id");
    for age in [330, -330] {
        let signed_at = now() - SignedDuration::from_secs(age);
        from_stripe(&shop, &event, &secret, signed_at).problem(400);
        assert!(!shop.tables.in_inbox("PAYMENTS", "stripe", id));
    }
    from_stripe(&shop, &event, &secret, now() - SignedDuration::from_secs(270)).expect(200);
    assert!(shop.tables.in_inbox("PAYMENTS", "stripe", id));
}

/// Several stacks may share an account at the provider.
#[test]
fn i1_a_payment_of_another_stack_pays_nothing_here() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let waiting = Checkout::of(&[(&tea, 1)]).paid_by(shop.stripe.card(crate::money::ASKS_ITS_HOLDER));
    let order = Order::place(&shop, &waiting);
    shop.await_status(&order.id, "payment_action_required");
    let mut elsewhere = as_it_was(&shop.stripe.intent(&order.id), "succeeded");
    elsewhere["amount_received"] = 950.into();
    elsewhere["metadata"]["stack"] = "somebody-elses".into();
    deliver(&shop, &stripe_event("payment_intent.succeeded", &elsewhere));
    End {
        status: "payment_action_required",
        captured: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&["order_placed", "payment_requested", "payment_action_required"]],
        mails: &[mail::ACTION_REQUIRED],
        ..PAID
    }
    .is_seen(&shop, &order);
}
