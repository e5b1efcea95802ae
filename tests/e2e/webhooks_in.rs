//! Webhooks come in signed, once, and of our kind, or not at all.

use crate::api::Answer;
use crate::shop::{Shop, fresh};
use jiff::{SignedDuration, Timestamp};
use outbound::Secret;
use resilience::Clock as _;
use serde_json::{Value, json};

/// An event that changes nothing: it is only kept.
fn stripe_event() -> (String, Value) {
    let id = format!("evt_{}", fresh());
    let event = json!({
        "id": id, "object": "event", "api_version": "2024-06-20", "created": 1_767_323_045, "livemode": false,
        "pending_webhooks": 1, "type": "customer.created", "request": {"id": null, "idempotency_key": null},
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    });
    (id, event)
}

fn now() -> Timestamp {
    resilience::SystemClock.now()
}

fn from_stripe(shop: &Shop, event: &Value, secret: &str, signed_at: Timestamp) -> Answer {
    let body = event.to_string().into_bytes();
    let signature = webhooks::Stripe::sign(&body, &Secret::new(secret), signed_at);
    let headers = [("content-type", "application/json"), ("stripe-signature", signature.as_str())];
    shop.nobody.send("POST", "/webhooks/stripe", &headers, Some(body))
}

fn from_easypost(shop: &Shop, event: &Value, secret: &str) -> Answer {
    let body = event.to_string().into_bytes();
    let signature = webhooks::EasyPost::sign(&body, &Secret::new(secret));
    let headers = [("content-type", "application/json"), ("x-hmac-signature", signature.as_str())];
    shop.nobody.send("POST", "/webhooks/easypost", &headers, Some(body))
}

/// The carrier's word that a parcel has arrived.
pub(crate) fn report_delivery(shop: &Shop, tracking_code: &str) {
    let at = now().to_string();
    let event = json!({
        "id": format!("evt_{}", fresh()), "object": "Event", "mode": "test", "description": "tracker.updated",
        "created_at": at, "updated_at": at, "previous_attributes": {"status": "in_transit"},
        "result": {
            "id": format!("trk_{}", fresh()), "object": "Tracker", "mode": "test", "carrier": "Alpine Parcel",
            "tracking_code": tracking_code, "status": "delivered", "status_detail": "arrived_at_destination",
            "tracking_details": [{
                "object": "TrackingDetail", "message": "Delivered", "status": "delivered", "datetime": at,
                "source": "Alpine Parcel",
            }],
        },
    });
    from_easypost(shop, &event, &tests::stack("EASYPOST_WEBHOOK_SECRET")).expect(200);
}

#[test]
fn a_stripe_webhook_with_a_wrong_signature_leaves_nothing_behind() {
    let shop = Shop::open();
    let (id, event) = stripe_event();
    from_stripe(&shop, &event, "whsec_of_somebody_else", now()).problem(400);
    let yesterday = now() - SignedDuration::from_hours(24);
    from_stripe(&shop, &event, &tests::stack("STRIPE_WEBHOOK_SECRET"), yesterday).problem(400);
    let unsigned = [("content-type", "application/json")];
    shop.nobody
        .send("POST", "/webhooks/stripe", &unsigned, Some(event.to_string().into_bytes()))
        .problem(400);
    assert!(!shop.tables.in_inbox("PAYMENTS", "stripe", &id));
}

#[test]
fn a_stripe_webhook_is_kept_once_however_often_it_comes() {
    let shop = Shop::open();
    let (id, event) = stripe_event();
    for _ in 0..3 {
        from_stripe(&shop, &event, &tests::stack("STRIPE_WEBHOOK_SECRET"), now()).expect(200);
        assert!(shop.tables.in_inbox("PAYMENTS", "stripe", &id), "200 means that it is durable");
    }
}

#[test]
fn a_stripe_webhook_of_live_mode_or_of_the_thin_kind_is_refused() {
    let shop = Shop::open();
    let (live, mut of_live_mode) = stripe_event();
    of_live_mode["livemode"] = json!(true);
    let (thin, mut of_the_thin_kind) = stripe_event();
    of_the_thin_kind["object"] = json!("v2.core.event");
    for (id, event, problem) in [(live, of_live_mode, "wrong-mode"), (thin, of_the_thin_kind, "thin-event")] {
        let refused = from_stripe(&shop, &event, &tests::stack("STRIPE_WEBHOOK_SECRET"), now()).problem(400);
        assert_eq!(refused["type"], format!("urn:conveyor:problem:{problem}"));
        assert!(!shop.tables.in_inbox("PAYMENTS", "stripe", &id));
    }
}

#[test]
fn an_easypost_webhook_is_kept_once_and_only_if_its_signature_holds() {
    let shop = Shop::open();
    let id = format!("evt_{}", fresh());
    let event =
        json!({"id": id, "object": "Event", "description": "batch.created", "mode": "test", "result": {}});
    from_easypost(&shop, &event, "somebody else's").problem(400);
    assert!(!shop.tables.in_inbox("SHIPPING", "easypost", &id));
    for _ in 0..2 {
        from_easypost(&shop, &event, &tests::stack("EASYPOST_WEBHOOK_SECRET")).expect(200);
        assert!(shop.tables.in_inbox("SHIPPING", "easypost", &id));
    }
}
