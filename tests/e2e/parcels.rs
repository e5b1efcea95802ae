//! What the carrier says too early, twice, in the wrong order, or of a parcel that should never have left.

use crate::ending::{ALLOCATED, End, LEFT, Order, REFUND, mail, settle};
use crate::senders::{ANNOUNCED, ARRIVED, MOVING, carrier_tells};
use crate::shop::{Checkout, Shop, fresh};
use crate::wait::until;
use serde_json::json;

fn partition(code: &str) -> String {
    format!("tracking#ALPINEPARCEL#{}", code.to_ascii_uppercase())
}

/// The carrier is quicker than the warehouse's clerk: its word waits until the code has an order.
#[test]
fn a_delivery_that_was_reported_before_the_dispatch_is_not_missed() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    carrier_tells(&shop, &code, &[ARRIVED]);
    until("the report to be parked", || {
        let parked = shop.tables.lists("SHIPPING", &partition(&code), "parked#");
        if parked == 1 { Ok(()) } else { Err("nothing parked") }
    });
    shop.dispatch(&order.id, &code).expect(202);
    End {
        status: "delivered",
        attention: &[],
        captured: 950,
        refunded: 0,
        stock: &[(&tea, (4, 4, 0))],
        timeline: &[&ALLOCATED, &LEFT, &["shipment_tracked", "delivered"]],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
    }
    .is_seen(&shop, &order);
}

#[test]
fn duplicate_and_reordered_scans_are_recorded_once() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    shop.dispatch(&order.id, &code).expect(202);
    for scans in [&[ANNOUNCED, MOVING, ARRIVED][..], &[ANNOUNCED, MOVING], &[ANNOUNCED]] {
        for _ in 0..2 {
            carrier_tells(&shop, &code, scans);
        }
    }
    End {
        status: "delivered",
        attention: &[],
        captured: 950,
        refunded: 0,
        stock: &[(&tea, (4, 4, 0))],
        timeline: &[&ALLOCATED, &LEFT, &["shipment_tracked"; 3], &["delivered"]],
        mails: &[mail::PAID, mail::SHIPPED, mail::DELIVERED],
    }
    .is_seen(&shop, &order);
}

/// A dispatch claims its tracking code and then loses against a cancellation: the code stays the order's, and the parcel
/// may be in the carrier's van. How a dispatch loses is in `races.rs`; here its claim is written by hand.
#[test]
fn i4_a_scan_after_the_cancellation_needs_attention_and_ships_nothing() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let order = Order::allocated(&shop, &Checkout::of(&[(&tea, 1)]));
    let code = format!("AP{}", fresh());
    shop.tables.put("SHIPPING", &partition(&code), "order", &json!({"order_id": order.id}));
    shop.cancel(&order.id).expect(202);
    let cancelled = shop.await_status(&order.id, "cancelled");
    assert_eq!(cancelled["attention"], json!([]));
    settle(&shop, &[&order.id]);
    for _ in 0..2 {
        carrier_tells(&shop, &code, &[ANNOUNCED, MOVING]);
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
    .is_seen(&shop, &order);
}

#[test]
fn a_tracking_code_belongs_to_one_order() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let [first, second] = [(); 2].map(|()| Order::place(&shop, &Checkout::of(&[(&tea, 1)])));
    let code = format!("AP{}", fresh());
    shop.await_shipment(&first.id);
    shop.dispatch(&first.id, &code).expect(202);
    shop.await_shipment(&second.id);
    shop.dispatch(&second.id, &code).problem(409);
    assert_eq!(shop.admin.get(&format!("/shipments/{}", second.id)).expect(200)["state"], "requested");
}

/// The warehouse sends by its own hand and buys no label, so there is never one to be given back.
#[test]
fn the_carrier_is_not_called_without_a_label_to_refund() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let [kept, gone] = [(); 2].map(|()| Order::place(&shop, &Checkout::of(&[(&tea, 1)])));
    let void = |id: &str| shop.warehouse(id, "void", &json!({}));
    let state = |id: &str| shop.admin.get(&format!("/shipments/{id}")).expect(200)["state"].clone();
    for order in [&kept, &gone] {
        shop.await_shipment(&order.id);
        void(&order.id).problem(409);
        assert_eq!(state(&order.id), "requested");
    }
    shop.dispatch(&kept.id, &format!("AP{}", fresh())).expect(202);
    shop.cancel(&gone.id).expect(202);
    shop.await_status(&gone.id, "cancelled");
    for (order, is) in [(&kept, "shipped"), (&gone, "cancelled")] {
        void(&order.id).problem(409);
        assert_eq!(state(&order.id), is);
    }
    shop.customer.post(&format!("/shipments/{}/void", gone.id), &json!({})).problem(403);
}
