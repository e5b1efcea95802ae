//! Disputes by the bank, and refunds in the provider's dashboard. localstripe has no disputes and sends no webhooks of
//! refunds, so the test sends both as Stripe does, with signed webhooks.

use crate::expected_end::{ALLOCATED, DISPATCHED, End, Order, REFUND, mail};
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::until;
use crate::webhook_senders::{deliver, stripe_event, stripe_reports};
use serde_json::{Value, json};

/// A dispute of an order's whole payment. It has none of our metadata: its intent names the order.
fn dispute(stack: &Stack, order: &Order, id: &str, status: &str) -> Value {
    let intent = stack.stripe.intent(&order.id);
    json!({
        "id": id, "object": "dispute", "amount": intent["amount"], "currency": "eur", "reason": "fraudulent",
        "charge": intent["latest_charge"]["id"], "payment_intent": intent["id"], "status": status, "metadata": {},
    })
}

fn opened(stack: &Stack, order: &Order, id: &str) {
    stripe_reports(stack, "charge.dispute.created", &dispute(stack, order, id, "needs_response"));
    until("the dispute on the order's page", || {
        let page = stack.order(&order.id);
        if page["attention"] == json!(["disputed"]) { Ok(()) } else { Err(page) }
    });
}

fn closed(stack: &Stack, order: &Order, id: &str, status: &str) {
    stripe_reports(stack, "charge.dispute.closed", &dispute(stack, order, id, status));
}

/// An order of 9.50 that the warehouse reported as delivered.
fn delivered(stack: &Stack) -> Order {
    let tea = stack.goods(950, 5);
    let order = Order::allocated(stack, &Checkout::of(&[(&tea, 1)]));
    stack.dispatch(&order.id, &format!("AP{}", fresh())).expect(202);
    stack.warehouse(&order.id, "deliver", &json!({})).expect(202);
    stack.await_status(&order.id, "delivered");
    order
}

const DELIVERED: &[&str] = &["delivered"];

const DELIVERED_END: End<'_> = End {
    status: "delivered",
    attention: &[],
    captured: 950,
    refunded: 0,
    stock: &[],
    timeline: &[&ALLOCATED, &DISPATCHED, DELIVERED],
    mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
};

/// While the dispute is open, the order needs attention. A duplicate or late webhook changes nothing.
#[test]
fn a_dispute_needs_attention_until_it_is_won() {
    let stack = Stack::shared();
    let order = delivered(&stack);
    let id = format!("dp_{}", fresh());
    opened(&stack, &order, &id);
    let once: &[&[&str]] = &[&ALLOCATED, &DISPATCHED, DELIVERED, &["payment_disputed"]];
    End { attention: &["disputed"], timeline: once, ..DELIVERED_END }.await_seen(&stack, &order);

    closed(&stack, &order, &id, "won");
    closed(&stack, &order, &id, "won");
    stripe_reports(&stack, "charge.dispute.created", &dispute(&stack, &order, &id, "needs_response"));
    let twice: &[&[&str]] = &[&ALLOCATED, &DISPATCHED, DELIVERED, &["payment_disputed"; 2]];
    End { timeline: twice, ..DELIVERED_END }.await_seen(&stack, &order);
}

/// I1: the bank has taken the money. A later return of the goods is not refunded.
#[test]
fn i1_a_lost_dispute_is_not_refunded_again() {
    let stack = Stack::shared();
    let order = delivered(&stack);
    let id = format!("dp_{}", fresh());
    opened(&stack, &order, &id);
    closed(&stack, &order, &id, "lost");
    let lost: &[&str] = &["payment_disputed"; 2];
    End { timeline: &[&ALLOCATED, &DISPATCHED, DELIVERED, lost], ..DELIVERED_END }.await_seen(&stack, &order);

    stack.warehouse(&order.id, "return", &json!({"restock": true})).expect(202);
    End {
        status: "returned",
        timeline: &[
            &ALLOCATED,
            &DISPATCHED,
            DELIVERED,
            lost,
            &["return_received", "stock_returned"],
            &REFUND,
        ],
        ..DELIVERED_END
    }
    .await_seen(&stack, &order);
}

/// The bank holds the money, so the refund fails; it is made once the dispute is won.
#[test]
fn i1_money_held_by_a_dispute_is_refunded_once_it_is_won() {
    let stack = Stack::shared();
    let order = delivered(&stack);
    let id = format!("dp_{}", fresh());
    opened(&stack, &order, &id);
    stack.warehouse(&order.id, "return", &json!({"restock": false})).expect(202);
    let held: &[&[&str]] =
        &[&ALLOCATED, &DISPATCHED, DELIVERED, &["payment_disputed", "return_received"], &REFUND];
    End { status: "returned", attention: &["disputed"], timeline: held, ..DELIVERED_END }
        .await_seen(&stack, &order);

    closed(&stack, &order, &id, "won");
    End {
        status: "returned",
        refunded: 950,
        timeline: &[
            &ALLOCATED,
            &DISPATCHED,
            DELIVERED,
            &["payment_disputed", "payment_disputed", "return_received"],
            &REFUND,
            &REFUND,
        ],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED, mail::REFUNDED],
        ..DELIVERED_END
    }
    .await_seen(&stack, &order);
}

/// I1: it is recorded once, although it is reported three times. A cancellation refunds only the rest.
#[test]
fn i1_a_refund_in_the_dashboard_is_recorded_and_counted() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let refund = stack.stripe.refund_in_dashboard(&order.id, 300);
    let event = stripe_reports(&stack, "refund.created", &refund);
    deliver(&stack, &event);
    deliver(&stack, &stripe_event("charge.refund.updated", &refund));
    let refunded = End {
        status: "allocated",
        attention: &[],
        captured: 950,
        refunded: 300,
        stock: &[(&tea, (5, 4, 1))],
        timeline: &[&ALLOCATED, &REFUND],
        mails: &[mail::PAID, mail::REFUNDED],
    };
    refunded.await_seen(&stack, &order);

    stack.cancel(&order.id).expect(202);
    End {
        status: "cancelled",
        refunded: 950,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[
            &ALLOCATED,
            &REFUND,
            &["order_cancellation_requested", "shipment_cancelled", "stock_released"],
            &REFUND,
        ],
        mails: &[mail::PAID, mail::REFUNDED, mail::REFUNDED, mail::CANCELLED],
        ..refunded
    }
    .await_seen(&stack, &order);
}
