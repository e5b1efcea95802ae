//! Systems that are neither Stripe nor EasyPost: an order whose money comes by transfer and whose parcel another courier
//! brings, all told by signed Standard Webhooks.

use crate::api::Answer;
use crate::senders::{CARRIER, now};
use crate::shop::{Checkout, Shop, fresh};
use crate::wait::until;
use outbound::Secret;
use serde_json::{Value, json};

/// A sender tells something, signed with this secret.
fn tells(shop: &Shop, sender: &str, secret: &str, id: &str, event_type: &str, data: &Value) -> Answer {
    let body = json!({"type": event_type, "timestamp": now(), "data": data}).to_string().into_bytes();
    let signed_at = now();
    let signature = webhooks::StandardWebhooks::sign(id, &body, &Secret::new(secret), signed_at)
        .expect("the stack's own secrets are sound");
    let seconds = signed_at.as_second().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("webhook-id", id),
        ("webhook-timestamp", seconds.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    shop.nobody.send("POST", &format!("/webhooks/standard/{sender}"), &headers, Some(body))
}

#[test]
fn an_order_is_paid_by_transfer_and_delivered_by_a_courier() {
    let shop = Shop::open();
    let (bank, courier) = (tests::stack("BANK_WEBHOOK_SECRET"), tests::stack("COURIER_WEBHOOK_SECRET"));
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 2)]).paid_by("elsewhere:bank"));
    let money = json!({"order_id": id, "amount": 1900, "currency": "EUR", "reference": fresh()});
    let message = format!("msg_{}", fresh());
    for _ in 0..2 {
        tells(&shop, "bank", &bank, &message, "payment.received", &money).expect(200);
    }
    shop.await_status(&id, "allocated");
    shop.await_shipment(&id);
    let code = format!("AP{}", fresh());
    shop.dispatch(&id, &code).expect(202);
    let parcel = json!({"carrier": CARRIER, "tracking_code": code});
    tells(&shop, "courier", &courier, &format!("msg_{}", fresh()), "parcel.delivered", &parcel).expect(200);
    shop.await_status(&id, "delivered");

    // Half of it goes back by hand: owed until the bank tells of it.
    let wish = json!({"amount": 950, "reason": "a broken cup"});
    shop.admin.post_with_key(&format!("/orders/{id}/refunds"), &fresh(), &wish).expect(202);
    let attention = || shop.order(&id)["attention"].clone();
    until("the refund to call somebody", || {
        let seen = attention();
        if seen == json!(["refund_failed"]) { Ok(()) } else { Err(seen) }
    });
    let given_back = json!({"order_id": id, "amount": 950, "reference": fresh()});
    tells(&shop, "bank", &bank, &format!("msg_{}", fresh()), "payment.refunded", &given_back).expect(200);
    until("the refund to be done", || {
        let seen = attention();
        if seen == json!([]) { Ok(()) } else { Err(seen) }
    });
    let payment: Value = shop.admin.get(&format!("/orders/{id}/payment")).expect(200);
    assert_eq!((&payment["status"], &payment["refunded"]), (&json!("paid"), &json!(950)));
}

#[test]
fn a_sender_may_report_only_its_topics() {
    let shop = Shop::open();
    let (bank, courier) = (tests::stack("BANK_WEBHOOK_SECRET"), tests::stack("COURIER_WEBHOOK_SECRET"));
    let message = format!("msg_{}", fresh());
    let money = json!({"order_id": "0".repeat(32), "amount": 1, "currency": "EUR", "reference": "r"});
    tells(&shop, "courier", &courier, &message, "payment.received", &money).problem(403);
    tells(&shop, "bank", &courier, &message, "payment.received", &money).problem(400);
    tells(&shop, "nobody", &bank, &message, "payment.received", &money).problem(404);
    for (table, topic) in [("PAYMENTS", "standard-payments"), ("SHIPPING", "standard-parcels")] {
        for sender in ["courier", "bank", "nobody"] {
            assert!(!shop.tables.in_inbox(table, topic, &format!("{sender}.{message}")));
        }
    }
}
