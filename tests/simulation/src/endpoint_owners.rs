//! The owners of endpoints: they register, disable, enable and delete endpoints, rotate secrets, read the log and request
//! redeliveries. Now and then their systems are down for hours.

use super::chance::Chance;
use super::delivery_queue::ENDPOINTS;
use super::invocations::Call;
use super::world::World;
use jiff::Timestamp;
use runtime::http::{Problem, Reply, Request};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::{RequestBuilder as _, request};

const CREATE: &str = "POST /webhook-endpoints";
const CHANGE: &str = "PATCH /webhook-endpoints/{endpoint_id}";
const DELETE: &str = "DELETE /webhook-endpoints/{endpoint_id}";
const ROTATE: &str = "POST /webhook-endpoints/{endpoint_id}/secret";
const TEST: &str = "POST /webhook-endpoints/{endpoint_id}/test";
const LOG: &str = "GET /webhook-endpoints/{endpoint_id}/deliveries";
const REDELIVER: &str = "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver";

/// The event types of the second endpoint of a world, each with the fact that it reports. The first endpoint subscribes to
/// every type.
const SOME: [(&str, &str); 6] = [
    ("order.placed", "OrderPlaced"),
    ("order.paid", "OrderPaid"),
    ("order.shipped", "Shipped"),
    ("order.delivered", "Delivered"),
    ("order.cancelled", ""),
    ("order.expired", ""),
];

/// An endpoint as its owner knows it.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) url: String,
    wants_everything: bool,
    /// When its owner got answers that say that it is enabled.
    enabled_at: Vec<Timestamp>,
    pub(super) is_deleted: bool,
    /// Its owner has disabled it at least once.
    pub(super) was_disabled: bool,
}

impl Registered {
    /// Whether it subscribes to this fact or this end of an order.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.wants_everything || SOME.iter().any(|(kind, because)| [*kind, *because].contains(&name))
    }

    /// Whether its owner got an answer between these moments that says that it is enabled.
    pub(super) fn was_enabled_within(&self, from: Timestamp, to: Timestamp) -> bool {
        self.enabled_at.iter().any(|at| (from..=to).contains(at))
    }
}

/// The owners of a world's endpoints.
pub(super) struct Owners {
    chance: Chance,
    last_number: usize,
    /// By id.
    pub(super) endpoints: BTreeMap<String, Registered>,
    /// Deliveries whose redelivery was requested.
    pub(super) redelivered: BTreeSet<String>,
}

impl Owners {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, last_number: 0, endpoints: BTreeMap::new(), redelivered: BTreeSet::new() }
    }

    /// The first endpoints: one that subscribes to everything, and perhaps one that does not.
    pub(super) fn register(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        (0..=self.chance.below(2)).map(|place| self.create(world, place == 0, now)).collect()
    }

    fn create(&mut self, world: &World, wants_everything: bool, now: Timestamp) -> Call {
        self.last_number += 1;
        let (key, url) = (
            format!("endpoint-{}", self.last_number),
            format!("https://shop-{}.example/hooks", self.last_number),
        );
        let some: Vec<&str> = SOME.iter().map(|(kind, _)| *kind).collect();
        let types = if wants_everything { vec!["*"] } else { some };
        let secret = self.secret();
        world.receivers.trust(&url, &secret);
        let body = json!({"url": url, "event_types": types, "secret": secret});
        call(request(CREATE).header("idempotency-key", &key).json(&body), now)
    }

    fn secret(&self) -> String {
        let bytes: [u8; 32] =
            std::array::from_fn(|_| u8::try_from(self.chance.below(256)).unwrap_or_default());
        webhooks::StandardWebhooks::secret(&bytes).expose().to_owned()
    }

    /// An owner does something with one of the endpoints.
    pub(super) fn act(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        let existing: Vec<String> =
            self.endpoints.iter().filter(|(_, known)| !known.is_deleted).map(|(id, _)| id.clone()).collect();
        let Some(id) = existing.get(self.chance.below(existing.len())) else { return Vec::new() };
        let Some(known) = self.endpoints.get_mut(id) else { return Vec::new() };
        let (url, wants_everything) = (known.url.clone(), known.wants_everything);
        let at = |route: &str| request(route).path("endpoint_id", id);
        let key = format!("asked-{}", self.chance.below(1_000_000));
        match self.chance.below(30) {
            0 => {
                known.was_disabled = true;
                // The owner enables it again soon.
                let soon =
                    now.saturating_add(Duration::from_secs(self.chance.below(300) as u64)).unwrap_or(now);
                vec![
                    call(at(CHANGE).json(&json!({"enabled": false})), now),
                    call(at(CHANGE).json(&json!({"enabled": true})), soon),
                ]
            }
            1..=11 => vec![call(at(CHANGE).json(&json!({"enabled": true})), now)],
            13..=18 => {
                let status = ["exhausted", "ended", "pending", "delivered"];
                let status = status.get(self.chance.below(5)).unwrap_or(&"ended");
                vec![call(at(LOG).query("status", status).query("limit", "100"), now)]
            }
            19 | 20 => {
                let secret = self.secret();
                world.receivers.trust(&url, &secret);
                vec![call(at(ROTATE).header("idempotency-key", &key).json(&json!({"secret": secret})), now)]
            }
            21 | 22 => vec![call(at(TEST).header("idempotency-key", &key), now)],
            23 | 24 => {
                world.receivers.take_down(&url, self.end_of_outage(now));
                Vec::new()
            }
            25 if self.chance.roll(200) => {
                vec![call(at(DELETE), now), self.create(world, wants_everything, now)]
            }
            _ => Vec::new(),
        }
    }

    /// The end of an outage: mostly within minutes, seldom later than the last attempt.
    fn end_of_outage(&self, now: Timestamp) -> Timestamp {
        let time = if self.chance.misfortune("receiver: down for days", 20) {
            Duration::from_hours(30 + self.chance.below(20) as u64)
        } else if self.chance.misfortune("receiver: down for hours", 100) {
            Duration::from_mins(60 + self.chance.below(240) as u64)
        } else if self.chance.misfortune("receiver: down for minutes", 1000) {
            Duration::from_secs(30 + self.chance.below(600) as u64)
        } else {
            Duration::ZERO
        };
        now.saturating_add(time).unwrap_or(now)
    }

    /// Enables every endpoint.
    pub(super) fn finish(&mut self, now: Timestamp) -> Vec<Call> {
        let existing = self.endpoints.iter().filter(|(_, known)| !known.is_deleted);
        let enable = |(id, _): (&String, &Registered)| {
            call(request(CHANGE).path("endpoint_id", id).json(&json!({"enabled": true})), now)
        };
        existing.map(enable).collect()
    }

    /// An owner receives an answer. Returns the calls that follow, or the violation.
    pub(super) fn receive(
        &mut self,
        call: &Call,
        answer: &Result<Reply, Problem>,
        now: Timestamp,
    ) -> Result<Vec<Call>, String> {
        let id = call.request.in_path("endpoint_id").to_owned();
        let reply = match answer {
            Ok(reply) => reply,
            // A concurrent request deleted or disabled the endpoint, or it was created and deleted before.
            Err(problem) if [404, 409].contains(&problem.status) => return Ok(Vec::new()),
            Err(problem) => {
                return Err(format!("I7: {} was answered with {}", call.request.route, problem.status));
            }
        };
        let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        match call.request.route.as_str() {
            CREATE => {
                let asked: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let known = self.endpoints.entry(text(&body["id"])).or_insert_with(|| Registered {
                    url: text(&asked["url"]),
                    wants_everything: asked["event_types"] == json!(["*"]),
                    enabled_at: Vec::new(),
                    is_deleted: false,
                    was_disabled: false,
                });
                known.enabled_at.push(now);
            }
            CHANGE => {
                if let Some(known) = self.endpoints.get_mut(&id).filter(|_| body["enabled"] == true) {
                    known.enabled_at.push(now);
                }
            }
            DELETE => {
                if let Some(known) = self.endpoints.get_mut(&id) {
                    known.is_deleted = true;
                }
            }
            LOG => return Ok(self.request_redelivery(&id, &body, now)),
            _ => {}
        }
        Ok(Vec::new())
    }

    /// Requests the redelivery of up to three of the listed deliveries.
    fn request_redelivery(&mut self, endpoint: &str, log: &Value, now: Timestamp) -> Vec<Call> {
        let listed = log["items"].as_array().into_iter().flatten().filter_map(|item| item["id"].as_str());
        let chosen: Vec<String> =
            listed.filter(|_| self.chance.roll(100)).take(3).map(str::to_owned).collect();
        self.redelivered.extend(chosen.iter().cloned());
        let again =
            |id: &String| call(request(REDELIVER).path("endpoint_id", endpoint).path("delivery_id", id), now);
        chosen.iter().map(again).collect()
    }
}

fn call(request: Request, now: Timestamp) -> Call {
    Call::new(ENDPOINTS, request.by_admin(), now)
}
