//! The webhooks of the payment provider and the carrier, signed as theirs are.
//!
//! localstripe reports only that an intent succeeded or failed. The tests send all other webhooks of Stripe.

use crate::api::Answer;
use crate::stack::{Stack, fresh};
use jiff::{SignedDuration, Timestamp};
use outbound::Secret;
use resilience::Clock as _;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A scan of the carrier: its status and status detail.
pub(crate) type Scan = (&'static str, &'static str);

pub(crate) const ANNOUNCED: Scan = ("pre_transit", "label_created");
pub(crate) const MOVING: Scan = ("in_transit", "departed_facility");
pub(crate) const ARRIVED: Scan = ("delivered", "arrived_at_destination");
pub(crate) const SENT_BACK: Scan = ("return_to_sender", "return");

/// The warehouse's carrier.
pub(crate) const CARRIER: &str = "Alpine Parcel";

pub(crate) fn now() -> Timestamp {
    resilience::SystemClock.now()
}

pub(crate) fn from_stripe(stack: &Stack, event: &Value, secret: &str, signed_at: Timestamp) -> Answer {
    let body = event.to_string().into_bytes();
    let signature = webhooks::Stripe::sign(&body, &Secret::new(secret), signed_at);
    let headers = [("content-type", "application/json"), ("stripe-signature", signature.as_str())];
    stack.anonymous.send("POST", "/webhooks/stripe", &headers, Some(body))
}

pub(crate) fn from_easypost(stack: &Stack, event: &Value, secret: &str) -> Answer {
    let body = event.to_string().into_bytes();
    let signature = webhooks::EasyPost::sign(&body, &Secret::new(secret));
    let headers = [("content-type", "application/json"), ("x-hmac-signature", signature.as_str())];
    stack.anonymous.send("POST", "/webhooks/easypost", &headers, Some(body))
}

/// A Stripe event about an object, with a new id.
pub(crate) fn stripe_event(kind: &str, object: &Value) -> Value {
    json!({
        "id": format!("evt_{}", fresh()), "object": "event", "api_version": testkit::STRIPE_VERSION,
        "created": now().as_second(), "livemode": false, "pending_webhooks": 1, "type": kind,
        "request": {"id": null, "idempotency_key": null}, "data": {"object": object},
    })
}

/// Delivers a Stripe event, signed now.
pub(crate) fn deliver(stack: &Stack, event: &Value) {
    from_stripe(stack, event, &tests::variable("STRIPE_WEBHOOK_SECRET"), now()).expect(200);
}

/// Reports an object by a new Stripe event. Returns the event, which the test may deliver again.
pub(crate) fn stripe_reports(stack: &Stack, kind: &str, object: &Value) -> Value {
    let event = stripe_event(kind, object);
    deliver(stack, &event);
    event
}

/// When the carriers' scans begin: after every dispatch of this run, and the same for each call.
static FIRST_SCAN: LazyLock<Timestamp> = LazyLock::new(|| now() + SignedDuration::from_hours(1));

/// The time of the n-th scan of a parcel.
pub(crate) fn scan_time(n: usize) -> String {
    let hours = i64::try_from(n).unwrap_or_default();
    (*FIRST_SCAN + SignedDuration::from_hours(hours)).to_string()
}

/// Reports all scans of a parcel so far, oldest first, as the carrier does. Equal scans have equal times.
pub(crate) fn carrier_reports(stack: &Stack, tracking_code: &str, scans: &[Scan]) {
    let times: Vec<String> = (1..=scans.len()).map(scan_time).collect();
    let scans: Vec<(&str, &str, &str)> =
        scans.iter().zip(&times).map(|((status, detail), time)| (*status, *detail, time.as_str())).collect();
    let event = testkit::tracker_event(&format!("evt_{}", fresh()), CARRIER, tracking_code, &scans);
    from_easypost(stack, &event, &tests::variable("EASYPOST_WEBHOOK_SECRET")).expect(200);
}
