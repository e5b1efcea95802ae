//! Orders that are not paid in time: they expire, unless they were paid after all.

use crate::functions::{Paused, Variable, invoke};
use crate::payments::NEEDS_3D_SECURE;
use crate::stack::{Checkout, Stack};
use crate::stripe::Moved;
use crate::wait::{until, until_within};
use events::Envelope;
use resilience::{Clock as _, SystemClock};
use serde_json::Value;
use std::time::Duration;

/// Long enough for 3-D Secure on a busy machine, and short enough for a test.
const PAY_WITHIN_SECONDS: &str = "20";

/// The sweep runs each minute.
const LONG: Duration = Duration::from_mins(4);

/// Places an order that has to be paid within seconds, with a card that needs 3-D Secure.
fn place_in_a_hurry(stack: &Stack, checkout: &Checkout) -> String {
    let seconds = Variable::set(&stack.emulator, "place-order", "PAY_WITHIN_SECONDS", PAY_WITHIN_SECONDS);
    let id = stack.place(checkout);
    drop(seconds);
    stack.await_status(&id, "payment_action_required");
    id
}

fn of_type<'a>(events: &'a [Envelope], event_type: &str) -> Vec<&'a Envelope> {
    events.iter().filter(|event| event.event_type == event_type).collect()
}

fn is_over(page: &Value) -> bool {
    let pay_by: jiff::Timestamp = page["pay_by"].as_str().expect("a moment").parse().expect("RFC 3339");
    SystemClock.now() > pay_by
}

#[test]
fn an_order_abandoned_at_3d_secure_expires_without_a_charge() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]).paid_by(stack.stripe.card(NEEDS_3D_SECURE));
    let id = place_in_a_hurry(&stack, &checkout);
    drop(stack);

    // The schedule runs the sweep, not the test.
    let stack = Stack::shared();
    let page = stack.await_status_within(LONG, &id, "expired");
    assert_eq!(page["payment"]["status"], "cancelled");
    assert_eq!((&page["payment"]["captured"], &page["attention"]), (&0.into(), &Value::Array(vec![])));
    let intents = stack.stripe.intents(|order| order == id);
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0]["status"], "canceled", "it cannot be paid later");
    assert_eq!(stack.stripe.moved(&id), Moved::default());
    assert_eq!(stack.stock(&tea), (5, 5, 0));
    assert_eq!(of_type(&stack.tables.stream("ORDERS", &id), "OrderExpired").len(), 1);
    assert!(stack.emulator.mail_to(&checkout.email).is_empty(), "nothing is sent before a payment");
    until("the order to leave the list of open orders", || {
        let is_listed = stack.open_orders().iter().any(|order| order["order_id"] == *id);
        if is_listed { Err("it is listed") } else { Ok(()) }
    });
}

/// The customer pays in the last moment: the sweep has already requested the expiry, and the webhook of the payment is under
/// way. Payments decides, by the state of the intent.
#[test]
fn an_order_that_is_paid_in_the_last_moment_does_not_expire() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]).paid_by(stack.stripe.card(NEEDS_3D_SECURE));
    let id = place_in_a_hurry(&stack, &checkout);
    let payment = stack.customer.get(&format!("/orders/{id}/payment")).expect(200);
    let secret = payment["client_secret"].as_str().expect("the secret, for the owner").to_owned();

    let asks = Paused::function(&stack.emulator, "take-payment");
    let is_told = Paused::function(&stack.emulator, "apply-stripe-event");
    let expired = until_within(LONG, "the expiry to be asked for", || {
        if is_over(&stack.order(&id)) {
            invoke(&stack.emulator, "sweep-orders");
        }
        let events = stack.tables.stream("ORDERS", &id);
        of_type(&events, "OrderExpired").first().map(|event| event.id.clone()).ok_or("no OrderExpired")
    });
    stack.stripe.authenticate(&secret);
    assert_eq!(stack.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
    drop(asks);
    stack.await_status(&id, "allocated");
    drop(is_told);

    let payments = stack.tables.stream("PAYMENTS", &id);
    let paid = of_type(&payments, "OrderPaid");
    assert_eq!(paid.len(), 1);
    assert_eq!(paid[0].causationid, expired, "the expiry found that the order was paid");
    assert_eq!(of_type(&payments, "PaymentCancellationRequested").len(), 0);
    invoke(&stack.emulator, "sweep-orders");
    assert_eq!(of_type(&stack.tables.stream("ORDERS", &id), "OrderExpired").len(), 1);
    assert_eq!(stack.order(&id)["status"], "allocated");
    assert_eq!(stack.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
    assert_eq!(stack.stock(&tea), (5, 3, 2));
}
