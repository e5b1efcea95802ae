//! The ends of an order, each at least once and compared on every side ([`End::await_seen`]). `cancelled` is in
//! [`crate::cancelling`], because an order can get there in several ways; `expired` is in [`crate::expiring`].

use crate::expected_end::{ALLOCATED, DISPATCHED, End, Order, REFUND, mail, settle};
use crate::functions::Variable;
use crate::stack::{Checkout, Goods, Stack, fresh};
use crate::stripe::Moved;
use crate::wait::until;
use crate::webhook_senders::{ANNOUNCED, ARRIVED, MOVING, SENT_BACK, carrier_reports};
use serde_json::{Value, json};

/// An order of two pieces that was dispatched, and its tracking code.
fn sent(stack: &Stack, tea: &Goods) -> (Order, String) {
    let order = Order::allocated(stack, &Checkout::of(&[(tea, 2)]));
    let code = format!("AP{}", fresh());
    stack.dispatch(&order.id, &code).expect(202);
    stack.await_status(&order.id, "shipped");
    (order, code)
}

#[test]
fn delivered_an_order_is_paid_allocated_shipped_delivered_and_announced() {
    let stack = Stack::shared();
    let (tea, mug) = (stack.goods(950, 10), stack.goods(1490, 3));
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 2), (&mug, 1)]));
    let page = stack.order(&order.id);
    assert_eq!(page["total"], 3390);
    assert_eq!(page["payment"], json!({"status": "paid", "captured": 3390, "refunded": 0}));
    assert_eq!(stack.stripe.moved(&order.id), Moved { charges: 1, captured: 3390, refunded: 0 });
    assert_eq!((stack.stock(&tea), stack.stock(&mug)), ((10, 8, 2), (3, 2, 1)));

    let code = format!("AP{}", fresh());
    stack.dispatch(&order.id, &code).expect(202);
    stack.dispatch(&order.id, &code).expect(200);
    stack.await_status(&order.id, "shipped");
    carrier_reports(&stack, &code, &[ANNOUNCED, MOVING, ARRIVED]);
    End {
        status: "delivered",
        attention: &[],
        captured: 3390,
        refunded: 0,
        stock: &[(&tea, (8, 8, 0)), (&mug, (2, 2, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED, &["shipment_tracked"; 3], &["delivered"]],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
    }
    .await_seen(&stack, &order);
    let page = stack.order(&order.id);
    assert_eq!(page["shipment"]["tracking_code"], code);
    until("the list to show what the page shows", || {
        let listed = stack.listed(std::slice::from_ref(&order.id));
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
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let (order, _) = sent(&stack, &tea);
    stack.cancel(&order.id).problem(409);
    End {
        status: "shipped",
        attention: &[],
        captured: 1900,
        refunded: 0,
        stock: &[(&tea, (3, 3, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED],
        mails: &[mail::PAID, mail::SHIPPED],
    }
    .await_seen(&stack, &order);
}

#[test]
fn payment_failed_a_declined_card_leaves_the_stock_alone() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let declined = Checkout::of(&[(&tea, 2)]).paid_by("pm_card_chargeCustomerFail");
    let order = Order::place(&stack, &declined);
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
        mails: &[],
    }
    .await_seen(&stack, &order);
    assert_eq!(stack.stripe.intent(&order.id)["status"], "canceled", "it cannot be paid later");
    stack.cancel(&order.id).problem(409);
}

#[test]
fn payment_failed_a_payment_method_that_does_not_exist() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::place(&stack, &Checkout::of(&[(&tea, 1)]).paid_by("pm_that_nobody_made"));
    End {
        status: "payment_failed",
        attention: &[],
        captured: 0,
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&["order_placed", "payment_failed"]],
        mails: &[],
    }
    .await_seen(&stack, &order);
}

fn is_out_of_stock(stack: &Stack, order: &Order, total: u64, counts: &[(&Goods, (u64, u64, u64))]) {
    End {
        status: "out_of_stock",
        attention: &[],
        captured: total,
        refunded: total,
        stock: counts,
        timeline: &[&["order_placed", "payment_requested", "order_paid", "out_of_stock"], &REFUND],
        mails: &[mail::PAID, mail::OUT_OF_STOCK, mail::REFUNDED],
    }
    .await_seen(stack, order);
}

#[test]
fn out_of_stock_allocates_all_lines_or_none_and_refunds_everything() {
    let stack = Stack::shared();
    let (plenty, rare) = (stack.goods(400, 100), stack.goods(8900, 1));
    let checkout = Checkout::of(&[(&plenty, 3), (&rare, 2)]);
    let order = Order::place(&stack, &checkout);
    is_out_of_stock(&stack, &order, checkout.total(), &[(&plenty, (100, 100, 0)), (&rare, (1, 1, 0))]);
}

#[test]
fn out_of_stock_the_second_order_of_the_last_piece_is_refunded() {
    let stack = Stack::shared();
    let rare = stack.goods(8900, 1);
    let first = Order::allocated(&stack, &Checkout::of(&[(&rare, 1)]));
    let second = Order::place(&stack, &Checkout::of(&[(&rare, 1)]));
    is_out_of_stock(&stack, &second, 8900, &[(&rare, (1, 0, 1))]);
    assert_eq!(stack.order(&first.id)["status"], "allocated", "the first keeps it");
}

#[test]
fn shipping_failed_refunds_the_money_and_releases_the_stock() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 2)]));
    let reason = json!({"reason": "the address does not exist"});
    stack.warehouse(&order.id, "fail", &reason).expect(202);
    stack.warehouse(&order.id, "fail", &reason).expect(200);
    End {
        status: "shipping_failed",
        attention: &[],
        captured: 1900,
        refunded: 1900,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &["shipping_failed", "stock_released"], &REFUND],
        mails: &[mail::PAID, mail::SHIPPING_FAILED, mail::REFUNDED],
    }
    .await_seen(&stack, &order);
    stack.cancel(&order.id).problem(409);
    stack.dispatch(&order.id, &format!("AP{}", fresh())).problem(409);
}

const RETURNED: End<'_> = End {
    status: "returned",
    attention: &[],
    captured: 1900,
    refunded: 1900,
    stock: &[],
    timeline: &[&ALLOCATED, &DISPATCHED, &["return_received", "stock_returned"], &REFUND],
    mails: &[mail::PAID, mail::SHIPPED, mail::REFUNDED],
};

#[test]
fn returned_goods_are_refunded_and_restocked() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 2)]));
    let restock = json!({"restock": true});
    stack.warehouse(&order.id, "return", &restock).problem(409);
    stack.dispatch(&order.id, &format!("AP{}", fresh())).expect(202);
    stack.await_stock(&tea, 3, 3, 0);
    stack.warehouse(&order.id, "return", &restock).expect(202);
    stack.warehouse(&order.id, "return", &restock).expect(200);
    End { stock: &[(&tea, (5, 5, 0))], ..RETURNED }.await_seen(&stack, &order);
}

#[test]
fn returned_broken_goods_are_refunded_and_not_restocked() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let (order, _) = sent(&stack, &tea);
    stack.warehouse(&order.id, "return", &json!({"restock": false})).expect(202);
    stack.warehouse(&order.id, "return", &json!({"restock": true})).problem(409);
    End {
        stock: &[(&tea, (3, 3, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED, &["return_received"], &REFUND],
        ..RETURNED
    }
    .await_seen(&stack, &order);
}

/// The carrier's report of a return is only tracking. The goods count once the warehouse has received them.
#[test]
fn returned_to_sender_needs_attention_until_the_warehouse_has_it() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let (order, code) = sent(&stack, &tea);
    carrier_reports(&stack, &code, &[MOVING, SENT_BACK]);
    let tracked: &[&str] = &["shipment_tracked", "shipment_tracked", "returned_to_sender"];
    End {
        status: "shipped",
        attention: &["delivery_failed"],
        refunded: 0,
        stock: &[(&tea, (3, 3, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED, tracked],
        mails: &[mail::PAID, mail::SHIPPED],
        ..RETURNED
    }
    .await_seen(&stack, &order);
    stack.warehouse(&order.id, "return", &json!({"restock": true})).expect(202);
    End {
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED, tracked, &["return_received", "stock_returned"], &REFUND],
        ..RETURNED
    }
    .await_seen(&stack, &order);
}

#[test]
fn returned_goods_are_not_refunded_without_refund_on_return() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 5);
    let (order, _) = sent(&stack, &tea);
    let looks_first = Variable::set(&stack.emulator, "take-payment", "REFUND_ON_RETURN", "false");
    stack.warehouse(&order.id, "return", &json!({"restock": true})).expect(202);
    settle(&stack, &[&order.id]);
    drop(looks_first);
    End {
        refunded: 0,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED, &["return_received", "stock_returned"]],
        mails: &[mail::PAID, mail::SHIPPED],
        ..RETURNED
    }
    .await_seen(&stack, &order);
}
