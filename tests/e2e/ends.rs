//! The ends of an order, each at least once, and each looked at from every side ([`End::is_seen`]). `cancelled` has a
//! file of its own, [`crate::cancelling`], because it has several ways; so has `expired`, [`crate::expiring`].

use crate::ending::{ALLOCATED, End, LEFT, Order, REFUND, mail, settle};
use crate::functions::Variable;
use crate::senders::{ANNOUNCED, ARRIVED, MOVING, SENT_BACK, carrier_tells};
use crate::shop::{Checkout, Goods, Shop, fresh};
use crate::stripe::Moved;
use crate::wait::until;
use serde_json::{Value, json};

/// An order of two pieces that left the house, and its tracking code.
fn sent(shop: &Shop, tea: &Goods) -> (Order, String) {
    let order = Order::allocated(shop, &Checkout::of(&[(tea, 2)]));
    let code = format!("AP{}", fresh());
    shop.dispatch(&order.id, &code).expect(202);
    shop.await_status(&order.id, "shipped");
    (order, code)
}

#[test]
fn delivered_an_order_is_paid_allocated_shipped_delivered_and_announced() {
    let shop = Shop::open();
    let (tea, mug) = (shop.goods(950, 10), shop.goods(1490, 3));
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 2), (&mug, 1)]));
    let page = shop.order(&order.id);
    assert_eq!(page["total"], 3390);
    assert_eq!(page["payment"], json!({"status": "paid", "captured": 3390, "refunded": 0}));
    assert_eq!(shop.stripe.moved(&order.id), Moved { charges: 1, captured: 3390, refunded: 0 });
    assert_eq!((shop.stock(&tea), shop.stock(&mug)), ((10, 8, 2), (3, 2, 1)));

    let code = format!("AP{}", fresh());
    shop.dispatch(&order.id, &code).expect(202);
    shop.dispatch(&order.id, &code).expect(200);
    shop.await_status(&order.id, "shipped");
    carrier_tells(&shop, &code, &[ANNOUNCED, MOVING, ARRIVED]);
    End {
        status: "delivered",
        attention: &[],
        captured: 3390,
        refunded: 0,
        stock: &[(&tea, (8, 8, 0)), (&mug, (2, 2, 0))],
        timeline: &[&ALLOCATED, &LEFT, &["shipment_tracked"; 3], &["delivered"]],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
    }
    .is_seen(&shop, &order);
    let page = shop.order(&order.id);
    assert_eq!(page["shipment"]["tracking_code"], code);
    until("the list to show what the page shows", || {
        let listed = shop.listed(std::slice::from_ref(&order.id));
        let same = |summary: &Value| {
            ["status", "attention", "total", "currency", "placed_at", "updated_at"]
                .iter()
                .all(|field| summary[field] == page[field])
        };
        if listed.len() == 1 && same(&listed[0]) { Ok(()) } else { Err(format!("{listed:?}")) }
    });
}

#[test]
fn shipped_an_order_that_has_left_cannot_be_cancelled() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let (order, _) = sent(&shop, &tea);
    shop.cancel(&order.id).problem(409);
    End {
        status: "shipped",
        attention: &[],
        captured: 1900,
        refunded: 0,
        stock: &[(&tea, (3, 3, 0))],
        timeline: &[&ALLOCATED, &LEFT],
        mails: &[mail::PAID, mail::SHIPPED],
    }
    .is_seen(&shop, &order);
}

#[test]
fn payment_failed_a_declined_card_leaves_the_stock_alone() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let declined = Checkout::of(&[(&tea, 2)]).paid_by("pm_card_chargeCustomerFail");
    let order = Order::place(&shop, &declined);
    End {
        status: "payment_failed",
        attention: &[],
        captured: 0,
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&[
            "order_placed",
            "payment_requested",
            "payment_cancellation_requested",
            "payment_failed",
        ]],
        mails: &[mail::PAYMENT_FAILED],
    }
    .is_seen(&shop, &order);
    assert_eq!(shop.stripe.intent(&order.id)["status"], "canceled", "nobody can pay it later");
    shop.cancel(&order.id).problem(409);
}

#[test]
fn payment_failed_a_payment_method_that_does_not_exist() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::place(&shop, &Checkout::of(&[(&tea, 1)]).paid_by("pm_that_nobody_made"));
    End {
        status: "payment_failed",
        attention: &[],
        captured: 0,
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&["order_placed", "payment_failed"]],
        mails: &[mail::PAYMENT_FAILED],
    }
    .is_seen(&shop, &order);
}

fn is_out_of_stock(shop: &Shop, order: &Order, total: u64, stock: &[(&Goods, (u64, u64, u64))]) {
    End {
        status: "out_of_stock",
        attention: &[],
        captured: total,
        refunded: total,
        stock,
        timeline: &[&["order_placed", "payment_requested", "order_paid", "out_of_stock"], &REFUND],
        mails: &[mail::PAID, mail::OUT_OF_STOCK, mail::REFUNDED],
    }
    .is_seen(shop, order);
}

#[test]
fn out_of_stock_allocates_all_lines_or_none_and_refunds_everything() {
    let shop = Shop::open();
    let (plenty, rare) = (shop.goods(400, 100), shop.goods(8900, 1));
    let checkout = Checkout::of(&[(&plenty, 3), (&rare, 2)]);
    let order = Order::place(&shop, &checkout);
    is_out_of_stock(&shop, &order, checkout.total(), &[(&plenty, (100, 100, 0)), (&rare, (1, 1, 0))]);
}

#[test]
fn out_of_stock_the_second_order_of_the_last_piece_is_refunded() {
    let shop = Shop::open();
    let rare = shop.goods(8900, 1);
    let first = Order::allocated(&shop, &Checkout::of(&[(&rare, 1)]));
    let second = Order::place(&shop, &Checkout::of(&[(&rare, 1)]));
    is_out_of_stock(&shop, &second, 8900, &[(&rare, (1, 0, 1))]);
    assert_eq!(shop.order(&first.id)["status"], "allocated", "the first keeps it");
}

#[test]
fn shipping_failed_refunds_the_money_and_releases_the_stock() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 2)]));
    let reason = json!({"reason": "the address does not exist"});
    shop.warehouse(&order.id, "fail", &reason).expect(202);
    shop.warehouse(&order.id, "fail", &reason).expect(200);
    End {
        status: "shipping_failed",
        attention: &[],
        captured: 1900,
        refunded: 1900,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &["shipping_failed", "stock_released"], &REFUND],
        mails: &[mail::PAID, mail::SHIPPING_FAILED, mail::REFUNDED],
    }
    .is_seen(&shop, &order);
    shop.cancel(&order.id).problem(409);
    shop.dispatch(&order.id, &format!("AP{}", fresh())).problem(409);
}

const RETURNED: End<'_> = End {
    status: "returned",
    attention: &[],
    captured: 1900,
    refunded: 1900,
    stock: &[],
    timeline: &[&ALLOCATED, &LEFT, &["return_received", "stock_returned"], &REFUND],
    mails: &[mail::PAID, mail::SHIPPED, mail::REFUNDED],
};

#[test]
fn returned_goods_are_refunded_and_restocked() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 2)]));
    let restock = json!({"restock": true});
    shop.warehouse(&order.id, "return", &restock).problem(409);
    shop.dispatch(&order.id, &format!("AP{}", fresh())).expect(202);
    shop.await_stock(&tea, 3, 3, 0);
    shop.warehouse(&order.id, "return", &restock).expect(202);
    shop.warehouse(&order.id, "return", &restock).expect(200);
    End { stock: &[(&tea, (5, 5, 0))], ..RETURNED }.is_seen(&shop, &order);
}

#[test]
fn returned_broken_goods_are_refunded_and_not_restocked() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let (order, _) = sent(&shop, &tea);
    shop.warehouse(&order.id, "return", &json!({"restock": false})).expect(202);
    shop.warehouse(&order.id, "return", &json!({"restock": true})).problem(409);
    End {
        stock: &[(&tea, (3, 3, 0))],
        timeline: &[&ALLOCATED, &LEFT, &["return_received"], &REFUND],
        ..RETURNED
    }
    .is_seen(&shop, &order);
}

/// The carrier's word that it brings the parcel back is tracking; the goods count once they are in the house.
#[test]
fn returned_to_sender_needs_attention_until_the_warehouse_has_it() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let (order, code) = sent(&shop, &tea);
    carrier_tells(&shop, &code, &[MOVING, SENT_BACK]);
    let tracked: &[&str] = &["shipment_tracked", "shipment_tracked", "returned_to_sender"];
    End {
        status: "shipped",
        attention: &["delivery_failed"],
        refunded: 0,
        stock: &[(&tea, (3, 3, 0))],
        timeline: &[&ALLOCATED, &LEFT, tracked],
        mails: &[mail::PAID, mail::SHIPPED],
        ..RETURNED
    }
    .is_seen(&shop, &order);
    shop.warehouse(&order.id, "return", &json!({"restock": true})).expect(202);
    End {
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &LEFT, tracked, &["return_received", "stock_returned"], &REFUND],
        ..RETURNED
    }
    .is_seen(&shop, &order);
}

#[test]
fn returned_goods_are_not_refunded_without_refund_on_return() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 5);
    let (order, _) = sent(&shop, &tea);
    let looks_first = Variable::set(&shop.emulator, "take-payment", "REFUND_ON_RETURN", "false");
    shop.warehouse(&order.id, "return", &json!({"restock": true})).expect(202);
    settle(&shop, &[&order.id]);
    drop(looks_first);
    End {
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &LEFT, &["return_received", "stock_returned"]],
        mails: &[mail::PAID, mail::SHIPPED],
        ..RETURNED
    }
    .is_seen(&shop, &order);
}
