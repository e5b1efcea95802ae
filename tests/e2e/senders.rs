//! Those who call in: the payment provider and the carrier, with webhooks that are signed as theirs are.
//!
//! localstripe tells by itself that an intent succeeded or failed; whatever else Stripe would tell is told from here.

use crate::api::Answer;
use crate::shop::{Shop, fresh};
use jiff::Timestamp;
use outbound::Secret;
use resilience::Clock as _;
use serde_json::{Value, json};

/// A scan of the carrier's: its status, and the finer word.
pub(crate) type Scan = (&'static str, &'static str);

pub(crate) const ANNOUNCED: Scan = ("pre_transit", "label_created");
pub(crate) const MOVING: Scan = ("in_transit", "departed_facility");
pub(crate) const ARRIVED: Scan = ("delivered", "arrived_at_destination");
pub(crate) const SENT_BACK: Scan = ("return_to_sender", "return");

/// The carrier that the warehouse hands parcels to.
pub(crate) const CARRIER: &str = "Alpine Parcel";

pub(crate) fn now() -> Timestamp {
    resilience::SystemClock.now()
}

pub(crate) fn from_stripe(shop: &Shop, event: &Value, secret: &str, signed_at: Timestamp) -> Answer {
    let body = event.to_string().into_bytes();
    let signature = webhooks::Stripe::sign(&body, &Secret::new(secret), signed_at);
    let headers = [("content-type", "application/json"), ("stripe-signature", signature.as_str())];
    shop.nobody.send("POST", "/webhooks/stripe", &headers, Some(body))
}

pub(crate) fn from_easypost(shop: &Shop, event: &Value, secret: &str) -> Answer {
    let body = event.to_string().into_bytes();
    let signature = webhooks::EasyPost::sign(&body, &Secret::new(secret));
    let headers = [("content-type", "application/json"), ("x-hmac-signature", signature.as_str())];
    shop.nobody.send("POST", "/webhooks/easypost", &headers, Some(body))
}

/// An event of Stripe's about an object as it is then, with an id that nobody had before.
pub(crate) fn stripe_event(kind: &str, object: &Value) -> Value {
    json!({
        "id": format!("evt_{}", fresh()), "object": "event", "api_version": "2024-06-20",
        "created": now().as_second(), "livemode": false, "pending_webhooks": 1, "type": kind,
        "request": {"id": null, "idempotency_key": null}, "data": {"object": object},
    })
}

/// Stripe delivers an event, signed now.
pub(crate) fn deliver(shop: &Shop, event: &Value) {
    from_stripe(shop, event, &tests::stack("STRIPE_WEBHOOK_SECRET"), now()).expect(200);
}

/// Stripe tells of an object, once. Gives back the event, which may be delivered again.
pub(crate) fn stripe_tells(shop: &Shop, kind: &str, object: &Value) -> Value {
    let event = stripe_event(kind, object);
    deliver(shop, &event);
    event
}

/// The carrier tells all that it has seen of a parcel so far, oldest first: the same scans are always the same.
pub(crate) fn carrier_tells(shop: &Shop, tracking_code: &str, scans: &[Scan]) {
    let times: Vec<String> = (1..=scans.len()).map(|hour| format!("2026-01-02T{hour:02}:00:00Z")).collect();
    let scans: Vec<(&str, &str, &str)> =
        scans.iter().zip(&times).map(|((status, detail), time)| (*status, *detail, time.as_str())).collect();
    let event = testkit::tracker_event(&format!("evt_{}", fresh()), CARRIER, tracking_code, &scans);
    from_easypost(shop, &event, &tests::stack("EASYPOST_WEBHOOK_SECRET")).expect(200);
}
