//! One order from the shop's page to the customer's door.

use crate::shop::{Checkout, Shop, fresh};
use crate::stripe::Moved;
use crate::wait::until;
use crate::webhooks_in::report_delivery;
use serde_json::{Value, json};

/// The timeline's facts, each once, in the order of the alphabet: some of them may arrive in any order.
fn facts(page: &Value) -> Vec<String> {
    let timeline = page["timeline"].as_array().expect("a timeline");
    let mut facts: Vec<String> =
        timeline.iter().map(|entry| entry["type"].as_str().expect("a type").to_owned()).collect();
    facts.sort();
    facts
}

#[test]
fn an_order_is_paid_allocated_shipped_delivered_and_announced() {
    let shop = Shop::open();
    let (tea, mug) = (shop.goods(950, 10), shop.goods(1490, 3));
    let checkout = Checkout::of(&[(&tea, 2), (&mug, 1)]);
    let id = shop.place(&checkout);

    let page = shop.await_status(&id, "allocated");
    assert_eq!(page["total"], 3390);
    assert_eq!(page["payment"], json!({"status": "paid", "captured": 3390, "refunded": 0}));
    assert_eq!(shop.stripe.moved(&id), Moved { charges: 1, captured: 3390, refunded: 0 });
    assert_eq!((shop.stock(&tea), shop.stock(&mug)), ((10, 8, 2), (3, 2, 1)));

    shop.await_shipment(&id);
    let code = format!("AP{}", fresh());
    shop.dispatch(&id, &code).expect(202);
    shop.dispatch(&id, &code).expect(200);
    shop.await_status(&id, "shipped");
    shop.await_stock(&tea, 8, 8, 0);
    shop.await_stock(&mug, 2, 2, 0);

    report_delivery(&shop, &code);
    shop.await_status(&id, "delivered");
    let page = until("all facts in the timeline", || {
        let page = shop.order(&id);
        let told = facts(&page);
        let wanted = [
            "delivered",
            "inventory_updated",
            "order_paid",
            "order_placed",
            "payment_requested",
            "shipment_requested",
            "shipment_tracked",
            "shipped",
            "stock_committed",
        ];
        if told == wanted { Ok(page) } else { Err(format!("{told:?}")) }
    });
    assert_eq!(page["attention"], json!([]));
    assert_eq!(page["shipment"]["tracking_code"], code);
    let mails = until("three messages to the customer", || {
        let mails = shop.emulator.mail_to(&checkout.email);
        if mails.len() >= 3 { Ok(mails) } else { Err(format!("{mails:?}")) }
    });
    assert_eq!(mails.len(), 3, "paid, shipped, delivered, each once: {mails:?}");
    until("the list to show what the page shows", || {
        let listed = shop.listed(std::slice::from_ref(&id));
        let same = |summary: &Value| {
            ["status", "attention", "total", "currency", "placed_at", "updated_at"]
                .iter()
                .all(|field| summary[field] == page[field])
        };
        if listed.len() == 1 && same(&listed[0]) { Ok(()) } else { Err(format!("{listed:?}")) }
    });
    let open = shop.admin.get("/orders?open=true&limit=100").expect(200);
    assert!(!open.to_string().contains(&id), "a delivered order is not open: {open}");
}
