//! Parcels that go wrong, come back, or are spoken of before anybody knows them.

use crate::shop::{Checkout, Shop, fresh};
use crate::stripe::Moved;
use crate::wait::until;
use crate::webhooks_in::report_delivery;
use serde_json::json;

fn await_refund(shop: &Shop, id: &str, amount: u64) {
    until(format!("the refund of order {id}"), || {
        let page = shop.order(id);
        if page["payment"]["refunded"] == amount { Ok(()) } else { Err(page) }
    });
    assert_eq!(shop.stripe.moved(id), Moved { charges: 1, captured: amount, refunded: amount });
}

#[test]
fn an_order_that_cannot_be_shipped_is_refunded_and_its_stock_released() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 2)]));
    shop.await_shipment(&id);
    let reason = json!({"reason": "the address does not exist"});
    shop.admin.post(&format!("/shipments/{id}/fail"), &reason).expect(202);
    shop.await_status(&id, "shipping_failed");
    await_refund(&shop, &id, 1900);
    shop.await_stock(&tea, 5, 5, 0);
    shop.cancel(&id).problem(409);
    shop.dispatch(&id, &format!("AP{}", fresh())).problem(409);
}

#[test]
fn a_parcel_that_came_back_is_refunded_and_its_goods_can_be_sold_again() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 2)]));
    shop.await_shipment(&id);
    let restock = json!({"restock": true});
    shop.admin.post(&format!("/shipments/{id}/return"), &restock).problem(409);
    shop.dispatch(&id, &format!("AP{}", fresh())).expect(202);
    shop.await_stock(&tea, 3, 3, 0);
    shop.admin.post(&format!("/shipments/{id}/return"), &restock).expect(202);
    shop.await_status(&id, "returned");
    await_refund(&shop, &id, 1900);
    shop.await_stock(&tea, 5, 5, 0);
}

/// The carrier is quicker than the warehouse's clerk: its word waits until the code has an order.
#[test]
fn a_delivery_that_was_reported_before_the_dispatch_is_not_missed() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 1)]));
    shop.await_shipment(&id);
    let code = format!("AP{}", fresh());
    report_delivery(&shop, &code);
    until("the report to be parked", || {
        let partition = format!("tracking#ALPINEPARCEL#{}", code.to_ascii_uppercase());
        if shop.tables.lists("SHIPPING", &partition, "parked#") == 1 { Ok(()) } else { Err("nothing parked") }
    });
    shop.dispatch(&id, &code).expect(202);
    shop.await_status(&id, "delivered");
    shop.await_stock(&tea, 4, 4, 0);
}

#[test]
fn a_tracking_code_belongs_to_one_order() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let [first, second] = [(); 2].map(|()| shop.place(&Checkout::of(&[(&tea, 1)])));
    let code = format!("AP{}", fresh());
    shop.await_shipment(&first);
    shop.dispatch(&first, &code).expect(202);
    shop.await_shipment(&second);
    shop.dispatch(&second, &code).problem(409);
    assert_eq!(shop.admin.get(&format!("/shipments/{second}")).expect(200)["state"], "requested");
}
