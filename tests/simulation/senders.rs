//! The providers' webhooks: sent late, twice, in a storm, before what they follow from, or never; and what must become
//! of one that was taken.

use super::bank::{BANK, BY_TRANSFER};
use super::executor::finish;
use super::jobs::Call;
use super::shop::Shop;
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
/// The sender who is believed about parcels.
const COURIER: &str = "courier";

impl Shop {
    /// The webhooks that the providers send: late, twice, in a storm, or never.
    pub(super) fn webhooks(&self, world: &World, now: Timestamp) -> Vec<Call> {
        let mut calls = Vec::new();
        for event in world.stripe.take_events() {
            let kind = event["type"].as_str().unwrap_or_default();
            // What the payments can ask about may get lost; the rest comes in the end, as Stripe promises.
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
                calls.push(webhook(STRIPE, &event, self.chance.some_time(now)));
            }
        }
        calls.extend(Self::scans_at_once(world, now));
        calls
    }

    /// Parcels that were scanned as soon as their labels were sold, before the shop has written the codes down.
    fn scans_at_once(world: &World, now: Timestamp) -> Vec<Call> {
        let codes = world.sold_and_scanned.take().into_iter();
        let scan = |code: String| {
            let scans = [("in_transit", "arrived_at_facility", "2026-01-03T06:00:00Z")];
            let event = tracker_event(&format!("evt_early_{code}"), EASYPOST_CARRIER, &code, &scans);
            webhook(CARRIER, &event, now)
        };
        codes.map(scan).collect()
    }

    /// A webhook was answered with 200: its sender will not send it again.
    pub(super) fn taken(&mut self, world: &World, call: &Call) {
        let body: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if call.door == CARRIER {
            let details = body["result"]["tracking_details"].as_array().cloned().unwrap_or_default();
            let times = details.iter().map(|detail| text(&detail["datetime"])).collect();
            self.scanned.push((text(&body["result"]["tracking_code"]), times));
            return;
        }
        if call.door == STANDARD {
            self.told(world, call, &body["data"]);
            return;
        }
        let (object, event_id) = (&body["data"]["object"], text(&body["id"]));
        let order = OrderId::try_from(text(&object["metadata"]["order_id"]).as_str());
        if let Ok(order) = order.map_err(drop)
            && object["object"] == "payment_intent"
            && is_unknown_to_payments(world, &order)
        {
            let waits_at = Key::new(format!("intent#{}", text(&object["id"])), format!("parked#{event_id}"));
            self.early.insert(inbox::key("stripe", &event_id), (order, waits_at));
        }
    }

    /// The same for other systems: of a parcel's scan, or of money whose order may not be known.
    fn told(&mut self, world: &World, call: &Call, data: &Value) {
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        if call.request.in_path("source") == COURIER {
            self.scanned.push((text("tracking_code"), vec![text("occurred_at")]));
        } else if let Ok(order) = OrderId::try_from(text("order_id").as_str())
            && is_unknown_to_payments(world, &order)
        {
            let event =
                format!("{BANK}.{}", Request::header(&call.request, "webhook-id").unwrap_or_default());
            let waits_at = Key::new(format!("intent#{BY_TRANSFER}:{order}"), format!("parked#{event}"));
            self.early.insert(inbox::key("standard-payments", &event), (order, waits_at));
        }
    }

    /// Another courier tells of a parcel, scan by scan.
    pub(super) fn courier(&self, parcel: (&str, &str), scans: &[(&str, &str)], now: Timestamp) -> Vec<Call> {
        let tell = |(status, occurred_at): &(&str, &str)| {
            let (carrier, code) = parcel;
            let mut data = json!({"carrier": carrier, "tracking_code": code, "occurred_at": occurred_at});
            let kind = if *status == "delivered" { "parcel.delivered" } else { "parcel.tracked" };
            if *status != "delivered" {
                data["status"] = json!(status);
            }
            let told = told_by(COURIER, &format!("{status}-{code}"), kind, &data);
            Call::new(STANDARD, told, self.chance.some_time(now))
        };
        scans.iter().map(tell).collect()
    }

    /// Whether webhooks were taken whose order was not known.
    pub(super) fn has_early(&self) -> bool {
        !self.early.is_empty()
    }

    /// What is wrong where such a webhook was read, its order is not known still, and it does not wait for it either.
    pub(super) fn lost(&mut self, world: &World, item: &Written) -> Option<String> {
        let Written::Document(key, _) = item else { return None };
        let (order, waits_at) = self.early.remove(key)?;
        let waits = finish(world.table(Service::Payments).get(&waits_at)).expect("readable").is_some();
        let is_lost = is_unknown_to_payments(world, &order) && !waits;
        is_lost.then(|| format!("I6: {key} came before {order} was known, and does not wait for it"))
    }
}

pub(super) fn webhook(door: &'static str, event: &Value, ready_at: Timestamp) -> Call {
    Call::new(door, request(door).json(event), ready_at)
}

/// What another system tells; it signs when it sends.
pub(super) fn told_by(sender: &str, id: &str, kind: &str, data: &Value) -> Request {
    let body = json!({"type": kind, "timestamp": "2026-01-02T03:04:05Z", "data": data});
    request(STANDARD).path("source", sender).header("webhook-id", id).json(&body)
}

fn is_unknown_to_payments(world: &World, order: &OrderId) -> bool {
    finish(world.table(Service::Payments).read(&StreamId::order(order))).expect("readable").is_empty()
}
