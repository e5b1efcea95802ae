//! Early, duplicate and reordered scans, and scans of a cancelled parcel.

use crate::expected_end::{ALLOCATED, DISPATCHED, End, Order, REFUND, mail, settle};
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::until;
use crate::webhook_senders::{ANNOUNCED, ARRIVED, MOVING, carrier_reports};
use serde_json::json;

fn partition(code: &str) -> String {
    format!("tracking#ALPINEPARCEL#{}", code.to_ascii_uppercase())
}

/// The carrier reports a parcel before the warehouse dispatches it: the webhook is parked until the code has an order.
#[test]
fn a_delivery_that_was_reported_before_the_dispatch_is_not_missed() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    carrier_reports(&stack, &code, &[ARRIVED]);
    until("the report to be parked", || {
        let parked = stack.tables.lists("SHIPPING", &partition(&code), "parked#");
        if parked == 1 { Ok(()) } else { Err("nothing parked") }
    });
    stack.dispatch(&order.id, &code).expect(202);
    End {
        status: "delivered",
        attention: &[],
        captured: 950,
        refunded: 0,
        stock: &[(&tea, (4, 4, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED, &["shipment_tracked", "delivered"]],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
    }
    .await_seen(&stack, &order);
}

#[test]
fn duplicate_and_reordered_scans_are_recorded_once() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    stack.dispatch(&order.id, &code).expect(202);
    for scans in [&[ANNOUNCED, MOVING, ARRIVED][..], &[ANNOUNCED, MOVING], &[ANNOUNCED]] {
        for _ in 0..2 {
            carrier_reports(&stack, &code, scans);
        }
    }
    End {
        status: "delivered",
        attention: &[],
        captured: 950,
        refunded: 0,
        stock: &[(&tea, (4, 4, 0))],
        timeline: &[&ALLOCATED, &DISPATCHED, &["shipment_tracked"; 3], &["delivered"]],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
    }
    .await_seen(&stack, &order);
}

/// A dispatch claims its tracking code and then loses against a cancellation. The code stays with the order, and the carrier
/// may have the parcel. `races.rs` tests how a dispatch loses; here the claim is written directly.
#[test]
fn i4_a_scan_after_the_cancellation_needs_attention_and_ships_nothing() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    stack.tables.put("SHIPPING", &partition(&code), "order", &json!({"order_id": order.id}));
    stack.cancel(&order.id).expect(202);
    let cancelled = stack.await_status(&order.id, "cancelled");
    assert_eq!(cancelled["attention"], json!([]));
    settle(&stack, &[&order.id]);
    for _ in 0..2 {
        carrier_reports(&stack, &code, &[ANNOUNCED, MOVING]);
    }
    End {
        status: "cancelled",
        attention: &["scanned_after_cancel"],
        captured: 950,
        refunded: 950,
        stock: &[(&tea, (5, 5, 0))],
        timeline: &[
            &ALLOCATED,
            &["order_cancellation_requested", "shipment_cancelled", "stock_released"],
            &REFUND,
            &["shipment_tracked"; 2],
        ],
        mails: &[mail::PAID, mail::REFUNDED, mail::CANCELLED],
    }
    .await_seen(&stack, &order);
}

#[test]
fn a_tracking_code_belongs_to_one_order() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let [first, second] = [(); 2].map(|()| Order::place(&stack, &Checkout::of(&[(&tea, 1)])));
    let code = format!("AP{}", fresh());
    stack.await_shipment(&first.id);
    stack.dispatch(&first.id, &code).expect(202);
    stack.await_shipment(&second.id);
    stack.dispatch(&second.id, &code).problem(409);
    assert_eq!(stack.admin.get(&format!("/shipments/{}", second.id)).expect(200)["state"], "requested");
}

/// The warehouse ships without a carrier's label, so no label is ever refunded.
#[test]
fn the_carrier_is_not_called_without_a_label_to_refund() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let [kept, gone] = [(); 2].map(|()| Order::place(&stack, &Checkout::of(&[(&tea, 1)])));
    let void = |id: &str| stack.warehouse(id, "void", &json!({}));
    let state = |id: &str| stack.admin.get(&format!("/shipments/{id}")).expect(200)["state"].clone();
    for order in [&kept, &gone] {
        stack.await_shipment(&order.id);
        void(&order.id).problem(409);
        assert_eq!(state(&order.id), "requested");
    }
    stack.dispatch(&kept.id, &format!("AP{}", fresh())).expect(202);
    stack.cancel(&gone.id).expect(202);
    stack.await_status(&gone.id, "cancelled");
    for (order, is) in [(&kept, "shipped"), (&gone, "cancelled")] {
        void(&order.id).problem(409);
        assert_eq!(state(&order.id), is);
    }
    stack.customer.post(&format!("/shipments/{}/void", gone.id), &json!({})).problem(403);
}
