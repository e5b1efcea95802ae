//! Money that moves elsewhere: the bank disputes, somebody gives money back in the provider's dashboard. localstripe
//! knows no disputes and tells of no refunds; both are told as Stripe tells them, with signed webhooks.

use crate::ending::{ALLOCATED, End, LEFT, Order, REFUND, mail};
use crate::senders::{deliver, stripe_event, stripe_tells};
use crate::shop::{Checkout, Shop, fresh};
use crate::wait::until;
use serde_json::{Value, json};

/// A dispute about all of an order's payment. It carries no metadata of ours: the intent names the order.
fn dispute(shop: &Shop, order: &Order, id: &str, status: &str) -> Value {
    let intent = shop.stripe.intent(&order.id);
    json!({
        "id": id, "object": "dispute", "amount": intent["amount"], "currency": "eur", "reason": "fraudulent",
        "charge": intent["latest_charge"]["id"], "payment_intent": intent["id"], "status": status, "metadata": {},
    })
}

fn opened(shop: &Shop, order: &Order, id: &str) {
    stripe_tells(shop, "charge.dispute.created", &dispute(shop, order, id, "needs_response"));
    until("the dispute on the order's page", || {
        let page = shop.order(&order.id);
        if page["attention"] == json!(["disputed"]) { Ok(()) } else { Err(page) }
    });
}

fn closed(shop: &Shop, order: &Order, id: &str, status: &str) {
    stripe_tells(shop, "charge.dispute.closed", &dispute(shop, order, id, status));
}

/// An order of 9.50 that has arrived, as the warehouse knows.
fn arrived(shop: &Shop) -> Order {
    let tea = shop.goods(950, 5);
    let order = Order::allocated(shop, &Checkout::of(&[(&tea, 1)]));
    shop.dispatch(&order.id, &format!("AP{}", fresh())).expect(202);
    shop.warehouse(&order.id, "deliver", &json!({})).expect(202);
    shop.await_status(&order.id, "delivered");
    order
}

const DELIVERED: &[&str] = &["delivered"];

const ARRIVED: End<'_> = End {
    status: "delivered",
    attention: &[],
    captured: 950,
    refunded: 0,
    stock: &[],
    timeline: &[&ALLOCATED, &LEFT, DELIVERED],
    mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
};

/// While it is open the order needs attention; what is told twice, or late, changes nothing.
#[test]
fn a_dispute_needs_attention_until_it_is_won() {
    let shop = Shop::open();
    let order = arrived(&shop);
    let id = format!("dp_{}", fresh());
    opened(&shop, &order, &id);
    let once: &[&[&str]] = &[&ALLOCATED, &LEFT, DELIVERED, &["payment_disputed"]];
    End { attention: &["disputed"], timeline: once, ..ARRIVED }.is_seen(&shop, &order);

    closed(&shop, &order, &id, "won");
    closed(&shop, &order, &id, "won");
    stripe_tells(&shop, "charge.dispute.created", &dispute(&shop, &order, &id, "needs_response"));
    let twice: &[&[&str]] = &[&ALLOCATED, &LEFT, DELIVERED, &["payment_disputed"; 2]];
    End { timeline: twice, ..ARRIVED }.is_seen(&shop, &order);
}

/// I1: the bank has taken the money back itself. Goods that come back afterwards are owed nothing.
#[test]
fn i1_a_lost_dispute_is_not_refunded_again() {
    let shop = Shop::open();
    let order = arrived(&shop);
    let id = format!("dp_{}", fresh());
    opened(&shop, &order, &id);
    closed(&shop, &order, &id, "lost");
    let lost: &[&str] = &["payment_disputed"; 2];
    End { timeline: &[&ALLOCATED, &LEFT, DELIVERED, lost], ..ARRIVED }.is_seen(&shop, &order);

    shop.warehouse(&order.id, "return", &json!({"restock": true})).expect(202);
    End {
        status: "returned",
        timeline: &[&ALLOCATED, &LEFT, DELIVERED, lost, &["return_received", "stock_returned"], &REFUND],
        ..ARRIVED
    }
    .is_seen(&shop, &order);
}

/// What the bank holds cannot be refunded; once the dispute is won it is still owed, and goes back.
#[test]
fn i1_money_held_by_a_dispute_is_refunded_once_it_is_won() {
    let shop = Shop::open();
    let order = arrived(&shop);
    let id = format!("dp_{}", fresh());
    opened(&shop, &order, &id);
    shop.warehouse(&order.id, "return", &json!({"restock": false})).expect(202);
    let held: &[&[&str]] = &[&ALLOCATED, &LEFT, DELIVERED, &["payment_disputed", "return_received"], &REFUND];
    End { status: "returned", attention: &["disputed"], timeline: held, ..ARRIVED }.is_seen(&shop, &order);

    closed(&shop, &order, &id, "won");
    End {
        status: "returned",
        refunded: 950,
        timeline: &[
            &ALLOCATED,
            &LEFT,
            DELIVERED,
            &["payment_disputed", "payment_disputed", "return_received"],
            &REFUND,
            &REFUND,
        ],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED, mail::REFUNDED],
        ..ARRIVED
    }
    .is_seen(&shop, &order);
}

/// I1: it is recorded once, however often it is told, and a cancellation gives back the rest, no more.
#[test]
fn i1_a_refund_in_the_dashboard_is_recorded_and_counted() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 1)]));
    let refund = shop.stripe.refund_by_hand(&order.id, 300);
    let told = stripe_tells(&shop, "refund.created", &refund);
    deliver(&shop, &told);
    deliver(&shop, &stripe_event("charge.refund.updated", &refund));
    let by_hand = End {
        status: "allocated",
        attention: &[],
        captured: 950,
        refunded: 300,
        stock: &[(&tea, (5, 4, 1))],
        timeline: &[&ALLOCATED, &REFUND],
        mails: &[mail::PAID, mail::REFUNDED],
    };
    by_hand.is_seen(&shop, &order);

    shop.cancel(&order.id).expect(202);
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
        ..by_hand
    }
    .is_seen(&shop, &order);
}
