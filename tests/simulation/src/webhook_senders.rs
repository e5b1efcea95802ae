//! The webhooks of the providers: late, duplicated, in storms, before what they follow from, or lost. Each one that was
//! answered with 200 must be applied or parked.

use super::actors::Actors;
use super::bank::{BANK, BY_TRANSFER};
use super::executor::finish;
use super::invocations::Call;
use super::world::World;
use event_store::{Documents as _, EventStore as _, Key, StreamId, Written};
use events::{OrderId, Service};
use jiff::Timestamp;
use runtime::http::Request;
use serde_json::{Value, json};
use testkit::{EASYPOST_CARRIER, RequestBuilder as _, request, tracker_event};
use webhooks::inbox;

pub(super) const STRIPE: &str = "POST /webhooks/stripe";
pub(super) const CARRIER: &str = "POST /webhooks/easypost";
pub(super) const STANDARD: &str = "POST /webhooks/standard/{source}";
/// The sender that may report parcels.
const COURIER: &str = "courier";

impl Actors {
    /// The webhooks that the providers send now.
    pub(super) fn webhooks(&self, world: &World, now: Timestamp) -> Vec<Call> {
        let mut calls = Vec::new();
        for event in world.stripe.take_events() {
            let kind = event["type"].as_str().unwrap_or_default();
            // Payments can poll the state of an intent, so its webhooks may be lost. Stripe promises to deliver the others.
            if kind.starts_with("payment_intent.") && self.chance.fault("webhook lost", 20) {
                continue;
            }
            let times = if self.chance.fault("webhook storm", 10) {
                8
            } else if self.chance.fault("webhook twice", 100) {
                2
            } else {
                1
            };
            for _ in 0..times {
                calls.push(webhook(STRIPE, &event, self.chance.arrival(now)));
            }
        }
        calls.extend(Self::scans_at_once(world, now));
        calls
    }

    /// Scans of parcels before the shop has recorded their tracking codes.
    fn scans_at_once(world: &World, now: Timestamp) -> Vec<Call> {
        let codes = world.scanned_at_once.take().into_iter();
        let scan = |code: String| {
            let time = now.to_string();
            let scans = [("in_transit", "arrived_at_facility", time.as_str())];
            let event = tracker_event(&format!("evt_early_{code}"), EASYPOST_CARRIER, &code, &scans);
            webhook(CARRIER, &event, now)
        };
        codes.map(scan).collect()
    }

    /// A webhook was answered with 200: its sender does not send it again.
    pub(super) fn accepted_webhook(&mut self, world: &World, call: &Call) {
        let body: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if call.operation == CARRIER {
            let details = body["result"]["tracking_details"].as_array().cloned().unwrap_or_default();
            let times = details.iter().map(|detail| text(&detail["datetime"])).collect();
            self.scanned.push((plain(&text(&body["result"]["tracking_code"])), times));
            return;
        }
        if call.operation == STANDARD {
            self.accepted_standard_webhook(world, call, &body["data"]);
            return;
        }
        let (object, event_id) = (&body["data"]["object"], text(&body["id"]));
        let order = OrderId::try_from(text(&object["metadata"]["order_id"]).as_str());
        if let Ok(order) = order.map_err(drop)
            && object["object"] == "payment_intent"
            && is_unknown_to_payments(world, &order)
        {
            let parked_at = Key::new(format!("intent#{}", text(&object["id"])), format!("parked#{event_id}"));
            self.early_webhooks.insert(inbox::key("stripe", &event_id), (order, parked_at));
        }
    }

    /// The same for a Standard Webhook: a parcel's scan, or a transfer whose order may be unknown.
    fn accepted_standard_webhook(&mut self, world: &World, call: &Call, data: &Value) {
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        if call.request.in_path("source") == COURIER {
            self.scanned.push((plain(&text("tracking_code")), vec![text("occurred_at")]));
        } else if let Ok(order) = OrderId::try_from(text("order_id").as_str())
            && is_unknown_to_payments(world, &order)
        {
            let event =
                format!("{BANK}.{}", Request::header(&call.request, "webhook-id").unwrap_or_default());
            let parked_at = Key::new(format!("intent#{BY_TRANSFER}:{order}"), format!("parked#{event}"));
            self.early_webhooks.insert(inbox::key("standard-payments", &event), (order, parked_at));
        }
    }

    /// The courier reports a parcel, one webhook a scan.
    pub(super) fn courier(&self, parcel: (&str, &str), scans: &[(&str, &str)], now: Timestamp) -> Vec<Call> {
        let webhook = |(status, occurred_at): &(&str, &str)| {
            let (carrier, code) = parcel;
            let mut data = json!({"carrier": carrier, "tracking_code": code, "occurred_at": occurred_at});
            let kind = if *status == "delivered" { "parcel.delivered" } else { "parcel.tracked" };
            if *status != "delivered" {
                data["status"] = json!(status);
            }
            let request = standard_webhook(COURIER, &format!("urn:scan:{status}/{code}+="), kind, &data);
            Call::new(STANDARD, request, self.chance.arrival(now))
        };
        scans.iter().map(webhook).collect()
    }

    /// Whether webhooks were accepted before their order was known.
    pub(super) fn has_early_webhooks(&self) -> bool {
        !self.early_webhooks.is_empty()
    }

    /// The violation if such a webhook was read, its order is still unknown, and it is not parked.
    pub(super) fn not_parked(&mut self, world: &World, item: &Written) -> Option<String> {
        let Written::Document(key, _) = item else { return None };
        let (order, parked_at) = self.early_webhooks.remove(key)?;
        let is_parked = finish(world.table(Service::Payments).get(&parked_at)).expect("readable").is_some();
        let is_lost = is_unknown_to_payments(world, &order) && !is_parked;
        is_lost.then(|| format!("I6: {key} arrived before {order} was known, and is not parked"))
    }
}

pub(super) fn webhook(operation: &'static str, event: &Value, ready_at: Timestamp) -> Call {
    Call::new(operation, request(operation).json(event), ready_at)
}

/// A Standard Webhook without its signature: it is signed when it is sent.
pub(super) fn standard_webhook(sender: &str, id: &str, kind: &str, data: &Value) -> Request {
    let body = json!({"type": kind, "timestamp": "2026-01-02T03:04:05Z", "data": data});
    request(STANDARD).path("source", sender).header("webhook-id", id).json(&body)
}

/// A code without what separates its groups, as codes are compared.
pub(super) fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

fn is_unknown_to_payments(world: &World, order: &OrderId) -> bool {
    finish(world.table(Service::Payments).read(&StreamId::order(order))).expect("readable").is_empty()
}
