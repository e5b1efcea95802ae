//! The end `cancelled`, at every moment at which a customer may cancel, and captures that happen nevertheless.

use crate::expected_end::{ALLOCATED, End, Order, REFUND, assert_no_dead_letters, has_fact, mail, settle};
use crate::functions::Paused;
use crate::payments::NEEDS_3D_SECURE;
use crate::stack::{Checkout, Stack, fresh};
use crate::stripe::Moved;
use crate::wait::until;

/// The facts of a cancellation that wins, from orders, shipping and inventory.
const CANCELLED: [&str; 3] = ["order_cancellation_requested", "shipment_cancelled", "stock_released"];
const ACTION_REQUIRED: [&str; 3] = ["order_placed", "payment_requested", "payment_action_required"];
const PAYMENT_ENDED: [&str; 2] = ["payment_cancellation_requested", "payment_cancelled"];

/// Waits until shipping has decided for the cancellation, and inventory has handled it.
fn await_decision(stack: &Stack, id: &str) {
    until(format!("the cancellation of order {id} to win"), || {
        let page = stack.order(id);
        if CANCELLED.iter().all(|fact| has_fact(&page, fact)) { Ok(()) } else { Err(page) }
    });
}

#[test]
fn cancelled_before_it_ships_money_and_stock_are_returned() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 2)]));
    assert_eq!(stack.cancel(&order.id).expect(202)["order_id"], order.id);
    End {
        status: "cancelled",
        attention: &[],
        captured: 1900,
        refunded: 1900,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &CANCELLED, &REFUND],
        mails: &[mail::PAID, mail::REFUNDED, mail::CANCELLED],
    }
    .await_seen(&stack, &order);
    stack.cancel(&order.id).problem(409);
    stack.dispatch(&order.id, &format!("AP{}", fresh())).problem(409);
}

/// Payments receives the order and its cancellation at the same time, in any order. The result is a tombstone, or an intent
/// that is cancelled before it is confirmed, or both.
#[test]
fn cancelled_before_payments_knows_it_an_order_is_never_charged() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let take_payment = Paused::function(&stack.emulator, "take-payment");
    let order = Order::place(&stack, &Checkout::of(&[(&tea, 2)]));
    stack.cancel(&order.id).expect(202);
    await_decision(&stack, &order.id);
    drop(take_payment);
    let page = stack.await_status(&order.id, "cancelled");
    let payment: &[&str] = if has_fact(&page, "payment_requested") {
        &["payment_requested", "payment_cancellation_requested", "payment_cancelled"]
    } else {
        &["payment_cancelled"]
    };
    End {
        status: "cancelled",
        attention: &[],
        captured: 0,
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&["order_placed"], &CANCELLED, payment],
        mails: &[],
    }
    .await_seen(&stack, &order);
    for intent in stack.stripe.intents(|id| id == order.id) {
        // An intent that was created while the tombstone was written stays unconfirmed: no customer got its secret.
        assert!(
            ["canceled", "requires_confirmation"].contains(&intent["status"].as_str().expect("a status"))
        );
    }
}

/// The order may be in any status by then.
#[test]
fn cancelled_at_once_an_order_is_never_shipped_and_costs_nothing() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::place(&stack, &Checkout::of(&[(&tea, 2)]));
    stack.cancel(&order.id).expect(202);
    stack.await_status(&order.id, "cancelled");
    settle(&stack, &[&order.id]);
    let moved = stack.stripe.moved(&order.id);
    assert_eq!(moved.captured, moved.refunded, "every capture was refunded");
    assert_eq!(stack.stock(&tea), (5, 5, 0));
    let mails = stack.emulator.mail_to(&order.email);
    // Nothing is sent about an order that was never paid.
    let announced = mails.iter().filter(|subject| subject.ends_with(mail::CANCELLED)).count();
    assert_eq!(announced, usize::from(moved.captured > 0), "{mails:?}");
    assert_no_dead_letters(&stack, &[&order.id]);
}

#[test]
fn cancelled_during_3d_secure_an_order_cannot_be_paid() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 1)]).paid_by(stack.stripe.card(NEEDS_3D_SECURE));
    let order = Order::place(&stack, &checkout);
    stack.await_status(&order.id, "payment_action_required");
    stack.cancel(&order.id).expect(202);
    End {
        status: "cancelled",
        attention: &[],
        captured: 0,
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ACTION_REQUIRED, &CANCELLED, &PAYMENT_ENDED],
        mails: &[],
    }
    .await_seen(&stack, &order);
    assert_eq!(stack.stripe.intent(&order.id)["status"], "canceled");
}

/// The cancellation has won and payments has not received it yet when the customer authenticates.
fn pay_after_the_cancellation(stack: &Stack, order: &Order) {
    let secret = stack.client_secret(&order.id);
    stack.cancel(&order.id).expect(202);
    await_decision(stack, &order.id);
    stack.stripe.authenticate(&secret);
    assert_eq!(stack.stripe.moved(&order.id), Moved { charges: 1, captured: 950, refunded: 0 });
}

/// An order that waits for 3-D Secure.
fn waiting(stack: &Stack, checkout: Checkout) -> Order {
    let order = Order::place(stack, &checkout.paid_by(stack.stripe.card(NEEDS_3D_SECURE)));
    stack.await_status(&order.id, "payment_action_required");
    order
}

/// The intent cannot be cancelled any more: its state shows that the money was captured.
#[test]
fn cancelled_a_capture_after_the_cancellation_is_refunded_and_never_pays_the_order() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let order = waiting(&stack, Checkout::of(&[(&tea, 1)]));
    let take_payment = Paused::function(&stack.emulator, "take-payment");
    let apply_event = Paused::function(&stack.emulator, "apply-stripe-event");
    pay_after_the_cancellation(&stack, &order);
    drop(take_payment);
    stack.await_status(&order.id, "cancelled");
    drop(apply_event);
    End {
        status: "cancelled",
        attention: &[],
        captured: 950,
        refunded: 950,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ACTION_REQUIRED, &CANCELLED, &["payment_cancellation_requested"], &REFUND],
        mails: &[mail::REFUNDED, mail::CANCELLED],
    }
    .await_seen(&stack, &order);
}

/// The same, but the webhook arrives before payments receives the cancellation: the order is paid and then refunded. The
/// released stock is not allocated again.
#[test]
fn cancelled_a_capture_reported_before_the_cancellation_is_refunded_and_takes_no_stock() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let order = waiting(&stack, Checkout::of(&[(&tea, 1)]));
    let take_payment = Paused::function(&stack.emulator, "take-payment");
    pay_after_the_cancellation(&stack, &order);
    until("the webhook of the payment", || {
        let page = stack.order(&order.id);
        if has_fact(&page, "order_paid") { Ok(()) } else { Err(page) }
    });
    drop(take_payment);
    End {
        status: "cancelled",
        attention: &[],
        captured: 950,
        refunded: 950,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ACTION_REQUIRED, &CANCELLED, &["order_paid"], &REFUND],
        mails: &[mail::PAID, mail::REFUNDED, mail::CANCELLED],
    }
    .await_seen(&stack, &order);
}
