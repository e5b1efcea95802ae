//! Offline payments and other couriers: an order that is paid by transfer and delivered by a courier. Both are reported by
//! signed Standard Webhooks.

use crate::api::Answer;
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::until;
use crate::webhook_senders::{CARRIER, now};
use outbound::Secret;
use serde_json::{Value, json};

/// Sends a Standard Webhook, signed with this secret.
fn send(stack: &Stack, sender: &str, secret: &str, id: &str, event_type: &str, data: &Value) -> Answer {
    let body = json!({"type": event_type, "timestamp": now(), "data": data}).to_string().into_bytes();
    let signed_at = now();
    let signature = webhooks::StandardWebhooks::sign(id, &body, &Secret::new(secret), signed_at)
        .expect("the stack's secrets are valid");
    let seconds = signed_at.as_second().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("webhook-id", id),
        ("webhook-timestamp", seconds.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    stack.anonymous.send("POST", &format!("/webhooks/standard/{sender}"), &headers, Some(body))
}

#[test]
fn an_order_is_paid_by_transfer_and_delivered_by_a_courier() {
    let stack = Stack::shared();
    let (bank, courier) = (tests::variable("BANK_WEBHOOK_SECRET"), tests::variable("COURIER_WEBHOOK_SECRET"));
    let tea = stack.goods(950, 5);
    let id = stack.place(&Checkout::of(&[(&tea, 2)]).paid_by("elsewhere:bank"));
    let money = json!({"order_id": id, "amount": 1900, "currency": "EUR", "reference": fresh()});
    let message = format!("msg_{}", fresh());
    for _ in 0..2 {
        send(&stack, "bank", &bank, &message, "payment.received", &money).expect(200);
    }
    stack.await_status(&id, "allocated");
    stack.await_shipment(&id);
    let code = format!("AP{}", fresh());
    stack.dispatch(&id, &code).expect(202);
    let parcel = json!({"carrier": CARRIER, "tracking_code": code});
    send(&stack, "courier", &courier, &format!("msg_{}", fresh()), "parcel.delivered", &parcel).expect(200);
    stack.await_status(&id, "delivered");

    // Half of it is refunded manually: it is owed until the bank reports the refund.
    let request = json!({"amount": 950, "reason": "a broken cup"});
    stack.admin.post_with_key(&format!("/orders/{id}/refunds"), &fresh(), &request).expect(202);
    let attention = || stack.order(&id)["attention"].clone();
    until("the refund to need an operator", || {
        let seen = attention();
        if seen == json!(["refund_failed"]) { Ok(()) } else { Err(seen) }
    });
    let refund = json!({"order_id": id, "amount": 950, "reference": fresh()});
    send(&stack, "bank", &bank, &format!("msg_{}", fresh()), "payment.refunded", &refund).expect(200);
    until("the refund to be recorded", || {
        let seen = attention();
        if seen == json!([]) { Ok(()) } else { Err(seen) }
    });
    let payment: Value = stack.admin.get(&format!("/orders/{id}/payment")).expect(200);
    assert_eq!((&payment["status"], &payment["refunded"]), (&json!("paid"), &json!(950)));
}

#[test]
fn a_sender_may_report_only_its_topics() {
    let stack = Stack::shared();
    let (bank, courier) = (tests::variable("BANK_WEBHOOK_SECRET"), tests::variable("COURIER_WEBHOOK_SECRET"));
    let message = format!("msg_{}", fresh());
    let money = json!({"order_id": "0".repeat(32), "amount": 1, "currency": "EUR", "reference": "r"});
    send(&stack, "courier", &courier, &message, "payment.received", &money).problem(403);
    send(&stack, "bank", &courier, &message, "payment.received", &money).problem(400);
    send(&stack, "unknown", &bank, &message, "payment.received", &money).problem(404);
    for (table, topic) in [("PAYMENTS", "standard-payments"), ("SHIPPING", "standard-parcels")] {
        for sender in ["courier", "bank", "unknown"] {
            assert!(!stack.tables.in_inbox(table, topic, &format!("{sender}.{message}")));
        }
    }
}
