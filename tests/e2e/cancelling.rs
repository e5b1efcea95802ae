//! The end `cancelled`, from every moment at which a customer may ask for it, and money that is taken nevertheless.

use crate::ending::{ALLOCATED, End, Order, REFUND, mail, no_letter_is_dead, settle, tells};
use crate::functions::Held;
use crate::money::ASKS_ITS_HOLDER;
use crate::shop::{Checkout, Shop, fresh};
use crate::stripe::Moved;
use crate::wait::until;

/// What shipping and inventory say to a cancellation that wins.
const CANCELLED: [&str; 3] = ["order_cancellation_requested", "shipment_cancelled", "stock_released"];
const WAITS_FOR_THE_BANK: [&str; 3] = ["order_placed", "payment_requested", "payment_action_required"];
const PAYMENT_ENDED: [&str; 2] = ["payment_cancellation_requested", "payment_cancelled"];

/// Waits until shipping has decided for the cancellation, and inventory has heard it.
fn await_decision(shop: &Shop, id: &str) {
    until(format!("the cancellation of order {id} to win"), || {
        let page = shop.order(id);
        if CANCELLED.iter().all(|fact| tells(&page, fact)) { Ok(()) } else { Err(page) }
    });
}

#[test]
fn cancelled_before_it_ships_money_and_stock_are_returned() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 2)]));
    assert_eq!(shop.cancel(&order.id).expect(202)["order_id"], order.id);
    End {
        status: "cancelled",
        attention: &[],
        captured: 1900,
        refunded: 1900,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &CANCELLED, &REFUND],
        mails: &[mail::PAID, mail::REFUNDED, mail::CANCELLED],
    }
    .is_seen(&shop, &order);
    shop.cancel(&order.id).problem(409);
    shop.dispatch(&order.id, &format!("AP{}", fresh())).problem(409);
}

/// Payments hears of the order and of its end at the same time, in whatever order: a tombstone, or an intent that is
/// ended before it is confirmed, or both at once.
#[test]
fn cancelled_before_payments_knows_it_an_order_is_never_charged() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 5);
    let asks = Held::back(&shop.emulator, "take-payment");
    let order = Order::place(&shop, &Checkout::of(&[(&tea, 2)]));
    shop.cancel(&order.id).expect(202);
    await_decision(&shop, &order.id);
    drop(asks);
    let page = shop.await_status(&order.id, "cancelled");
    let payment: &[&str] = if tells(&page, "payment_requested") {
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
        mails: &[mail::CANCELLED],
    }
    .is_seen(&shop, &order);
    for intent in shop.stripe.intents(|id| id == order.id) {
        // One that was made while the tombstone was written stays as it is: nobody was given the means to pay it.
        assert!(
            ["canceled", "requires_confirmation"].contains(&intent["status"].as_str().expect("a status"))
        );
    }
}

/// How far the order has come by then is chance.
#[test]
fn cancelled_at_once_an_order_is_never_shipped_and_costs_nothing() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::place(&shop, &Checkout::of(&[(&tea, 2)]));
    shop.cancel(&order.id).expect(202);
    shop.await_status(&order.id, "cancelled");
    settle(&shop, &[&order.id]);
    let moved = shop.stripe.moved(&order.id);
    assert_eq!(moved.captured, moved.refunded, "whatever was taken went back");
    assert_eq!(shop.stock(&tea), (5, 5, 0));
    let mails = shop.emulator.mail_to(&order.email);
    assert_eq!(mails.iter().filter(|subject| subject.ends_with(mail::CANCELLED)).count(), 1, "{mails:?}");
    no_letter_is_dead(&shop, &[&order.id]);
}

#[test]
fn cancelled_during_3d_secure_an_order_cannot_be_paid() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 1)]).paid_by(shop.stripe.card(ASKS_ITS_HOLDER));
    let order = Order::place(&shop, &checkout);
    shop.await_status(&order.id, "payment_action_required");
    shop.cancel(&order.id).expect(202);
    End {
        status: "cancelled",
        attention: &[],
        captured: 0,
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&WAITS_FOR_THE_BANK, &CANCELLED, &PAYMENT_ENDED],
        mails: &[mail::ACTION_REQUIRED, mail::CANCELLED],
    }
    .is_seen(&shop, &order);
    assert_eq!(shop.stripe.intent(&order.id)["status"], "canceled");
}

/// The cancellation has won, and payments has not heard of it yet, when the customer's bank says yes.
fn pay_after_the_cancellation(shop: &Shop, order: &Order) {
    let secret = shop.client_secret(&order.id);
    shop.cancel(&order.id).expect(202);
    await_decision(shop, &order.id);
    shop.stripe.authenticate(&secret);
    assert_eq!(shop.stripe.moved(&order.id), Moved { charges: 1, captured: 950, refunded: 0 });
}

/// An order that waits for the bank.
fn waiting(shop: &Shop, checkout: Checkout) -> Order {
    let order = Order::place(shop, &checkout.paid_by(shop.stripe.card(ASKS_ITS_HOLDER)));
    shop.await_status(&order.id, "payment_action_required");
    order
}

/// The intent cannot be cancelled any more: asked why, the provider says that it has the money.
#[test]
fn cancelled_a_capture_after_the_cancellation_is_refunded_and_never_pays_the_order() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 5);
    let order = waiting(&shop, Checkout::of(&[(&tea, 1)]));
    let asks = Held::back(&shop.emulator, "take-payment");
    let is_told = Held::back(&shop.emulator, "apply-stripe-event");
    pay_after_the_cancellation(&shop, &order);
    drop(asks);
    shop.await_status(&order.id, "cancelled");
    drop(is_told);
    End {
        status: "cancelled",
        attention: &[],
        captured: 950,
        refunded: 950,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&WAITS_FOR_THE_BANK, &CANCELLED, &["payment_cancellation_requested"], &REFUND],
        mails: &[mail::ACTION_REQUIRED, mail::REFUNDED, mail::CANCELLED],
    }
    .is_seen(&shop, &order);
}

/// The same, and the provider's webhook is there before payments hears of the cancellation: the order was paid, and is
/// refunded; the stock that was released is not taken again.
#[test]
fn cancelled_a_capture_reported_before_the_cancellation_is_refunded_and_takes_no_stock() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 5);
    let order = waiting(&shop, Checkout::of(&[(&tea, 1)]));
    let asks = Held::back(&shop.emulator, "take-payment");
    pay_after_the_cancellation(&shop, &order);
    until("the webhook that it is paid", || {
        let page = shop.order(&order.id);
        if tells(&page, "order_paid") { Ok(()) } else { Err(page) }
    });
    drop(asks);
    End {
        status: "cancelled",
        attention: &[],
        captured: 950,
        refunded: 950,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&WAITS_FOR_THE_BANK, &CANCELLED, &["order_paid"], &REFUND],
        mails: &[mail::ACTION_REQUIRED, mail::PAID, mail::REFUNDED, mail::CANCELLED],
    }
    .is_seen(&shop, &order);
}
