//! Checks of the deliveries to endpoints (I6): each event that an endpoint subscribes to is processed by its receiver, or
//! its delivery ends with a recorded reason. The attempts that are recorded are those that the receiver saw.

use super::endpoint_owners::{Owners, Registered};
use super::executor::finish;
use super::queues::Received;
use super::webhook_receivers::{Log, digest};
use super::world::World;
use event_store::{Documents as _, Key, Pages as _, Walk};
use events::{Data, ERASED, Envelope, OrderStatus};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The attempts of a round.
const ATTEMPTS: u64 = 8;

/// The deliveries that the simulation expects, and what it has seen of them.
#[derive(Default)]
pub(super) struct Expected {
    /// Deliveries that must exist, since they were planned while their endpoint was enabled.
    due: BTreeSet<Due>,
    /// By delivery: how often its messages were received, and whether an invocation that received one was disturbed.
    received: BTreeMap<DeliveryId, (u64, bool)>,
}

/// An endpoint, and a delivery to it.
type DeliveryId = (String, String);

/// A delivery that is due to an endpoint: the order, and the number of its event or the name of its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    endpoint: String,
    order: String,
    what: String,
}

impl Expected {
    /// `plan-deliveries` has handled an event.
    pub(super) fn planned(&mut self, world: &World, owners: &Owners, body: &str) {
        let Ok(envelope) = serde_json::from_str::<Envelope>(body) else { return };
        // It erases deliveries, and leads to none.
        if envelope.event_type == "CustomerErasureRequested" {
            return;
        }
        for (id, known) in &owners.endpoints {
            if !is_enabled_since(world, id, known, envelope.time) {
                continue;
            }
            let fact = envelope.data["because"].as_str().unwrap_or(&envelope.event_type);
            let ends = [OrderStatus::Cancelled, OrderStatus::Expired]
                .map(|status| format!("order.{}", status.as_str()));
            let end = ends.into_iter().find(|end| {
                envelope.event_type == "OrderUpdated"
                    && envelope.data["status"].as_str() == end.strip_prefix("order.")
            });
            let fact = known.wants(fact).then(|| envelope.sequence.number().to_string());
            let end = end.filter(|end| known.wants(end));
            self.due.extend(fact.into_iter().chain(end).map(|what| Due {
                endpoint: id.clone(),
                order: envelope.subject.clone(),
                what,
            }));
        }
    }

    /// A message about a delivery was received.
    pub(super) fn received(&mut self, message: &Received) {
        if let Some(id) = delivery_of(message) {
            self.received.entry(id).or_default().0 += 1;
        }
    }

    /// The invocation that received it met a fault or is a zombie.
    pub(super) fn disturbed(&mut self, message: &Received) {
        if let Some(id) = delivery_of(message) {
            self.received.entry(id).or_default().1 = true;
        }
    }

    /// Whether each of its messages was received once, by an invocation without a fault.
    fn was_undisturbed(&self, id: &DeliveryId, attempted: u64) -> bool {
        self.received.get(id).is_some_and(|(times, is_disturbed)| *times == attempted && !is_disturbed)
    }
}

fn delivery_of(message: &Received) -> Option<DeliveryId> {
    let job: Value = serde_json::from_str(&message.body).ok()?;
    Some((job["endpoint"].as_str()?.to_owned(), job["delivery"].as_str()?.to_owned()))
}

/// The endpoint in the table.
fn endpoint(world: &World, id: &str) -> Option<Data> {
    let key = Key::new("endpoints", format!("endpoint#{id}"));
    finish(world.callbacks.get(&key)).expect("readable").map(|document| document.body)
}

/// Whether the endpoint is enabled, and its owner had the answer that says so before that moment.
fn is_enabled_since(world: &World, id: &str, known: &Registered, moment: Timestamp) -> bool {
    let Some(stored) = endpoint(world, id) else { return false };
    let state = &stored["standing"];
    let since = state["since"].as_str().and_then(|since| since.parse().ok());
    state["is"] == "enabled" && since.is_some_and(|since| known.was_enabled_within(since, moment))
}

/// Whether no delivery is pending.
pub(super) fn is_none_pending(world: &World) -> bool {
    let pending = world.callbacks.index("pending_shard", "overdue_at");
    (0..16).all(|shard| {
        let partition = format!("pending#{shard:02}");
        let page = finish(pending.page(&partition, Walk::Forward, 1, None)).expect("readable");
        page.documents.is_empty()
    })
}

/// Checks every delivery. Returns the violations, and the deliveries by end.
pub(super) fn check(
    world: &World,
    owners: &Owners,
    expected: &Expected,
) -> (Vec<String>, BTreeMap<String, u64>) {
    let (mut wrong, mut ends) = (world.receivers.wrong(), BTreeMap::new());
    let mut planned = BTreeSet::new();
    for (key, document) in world.callbacks.all_documents() {
        let (Some(endpoint), Some(id)) = (key.pk.strip_prefix("endpoint#"), key.sk.strip_prefix("delivery#"))
        else {
            continue;
        };
        let delivery = document.body;
        planned.extend(content(endpoint, &delivery));
        let end = [&delivery["state"]["is"], &delivery["state"]["because"]];
        let end: Vec<&str> = end.into_iter().filter_map(Value::as_str).collect();
        *ends.entry(end.join(": ")).or_default() += 1;
        let Some(known) = owners.endpoints.get(endpoint) else {
            wrong.push(format!("I6: {key} is for an unknown endpoint"));
            continue;
        };
        let log = world.receivers.log(&known.url, id);
        let delivery_id = (endpoint.to_owned(), id.to_owned());
        let found = [
            has_ended(&delivery, known, world.receivers.has_answered(&known.url, 410), &log),
            attempts_are_true(&delivery, &log),
            no_more_than_needed(
                &delivery,
                &log,
                expected.was_undisturbed(&delivery_id, attempted(&delivery)),
            ),
            success_is_last(&delivery).filter(|_| !owners.redelivered.contains(id)),
        ];
        wrong.extend(found.into_iter().flatten().map(|what| format!("I6: {key}: {what}")));
    }
    let deleted = owners.endpoints.iter().filter(|(_, known)| known.is_deleted);
    let restored = deleted
        .filter(|(id, _)| endpoint(world, id).is_some_and(|stored| stored["standing"]["is"] != "deleted"));
    wrong.extend(restored.map(|(id, _)| format!("I7: {id} was deleted and still exists")));
    let twice = world.sent.twice().into_iter();
    wrong.extend(twice.map(|job| format!("I6: a message of a delivery was sent twice: {job}")));
    let missing = expected.due.difference(&planned);
    wrong.extend(missing.map(|due| {
        format!("I6: no delivery to {} of {} of {} was planned", due.endpoint, due.what, due.order)
    }));
    (wrong, ends)
}

/// The content of a delivery: the number of an order's event, or the name of its end.
fn content(endpoint: &str, delivery: &Value) -> Option<Due> {
    let body: Value = serde_json::from_str(delivery["body"].as_str()?).ok()?;
    let kind = body["type"].as_str()?;
    let is_end = ["order.cancelled", "order.expired"].contains(&kind);
    let order = body["data"]["order_id"].as_str()?.to_owned();
    let what = if is_end { kind.to_owned() } else { body["data"]["sequence"].to_string() };
    Some(Due { endpoint: endpoint.to_owned(), order, what })
}

fn attempted(delivery: &Value) -> u64 {
    delivery["attempted"].as_u64().unwrap_or_default()
}

/// The recorded answers, by status.
fn recorded(delivery: &Value) -> BTreeMap<u16, u32> {
    let attempts = delivery["attempts"].as_array().into_iter().flatten();
    let statuses = attempts.filter_map(|attempt| attempt["outcome"]["status"].as_u64());
    statuses.filter_map(|status| u16::try_from(status).ok()).fold(BTreeMap::new(), |mut counts, status| {
        *counts.entry(status).or_default() += 1;
        counts
    })
}

/// The delivery was processed, or the recorded reason why it was not is true.
fn has_ended(delivery: &Value, known: &Registered, has_gone: bool, log: &Log) -> Option<String> {
    let state = &delivery["state"];
    let before = delivery["before_this_round"].as_u64().unwrap_or_default();
    let is_true = match (state["is"].as_str(), state["because"].as_str()) {
        (Some("delivered"), _) => log.processed > 0,
        (Some("exhausted"), _) => attempted(delivery) - before >= ATTEMPTS,
        (Some("ended"), Some("endpoint_deleted")) => known.is_deleted,
        (Some("ended"), Some("endpoint_disabled")) => known.was_disabled || has_gone,
        _ => false,
    };
    (!is_true).then(|| format!("it is {state}, and the receiver recorded {log:?}"))
}

/// Each recorded answer was given by the receiver.
fn attempts_are_true(delivery: &Value, log: &Log) -> Option<String> {
    let given = |status: &u16| log.answers.get(status).copied().unwrap_or_default();
    let mut recorded = recorded(delivery).into_iter();
    let body = delivery["body"].as_str().unwrap_or_default();
    // An erasure changes the body of what was sent already.
    let is_erased = body.contains(&format!("\"{ERASED}\""));
    let is_other = log.calls > 0 && log.bytes != digest(body.as_bytes()) && !is_erased;
    let invented = recorded.find(|(status, times)| given(status) < *times);
    invented
        .map(|(status, times)| format!("{status} is recorded {times} times, the receiver gave {log:?}"))
        .or_else(|| is_other.then(|| "the receiver got another body".to_owned()))
}

/// Without a fault on our side, the endpoint is called only as often as attempts are recorded.
fn no_more_than_needed(delivery: &Value, log: &Log, was_undisturbed: bool) -> Option<String> {
    let is_more = was_undisturbed && u64::from(log.calls) > attempted(delivery);
    is_more.then(|| format!("{} attempts are recorded, the receiver recorded {log:?}", attempted(delivery)))
}

/// No attempt follows a success.
fn success_is_last(delivery: &Value) -> Option<String> {
    let attempts = delivery["attempts"].as_array()?;
    let is_success = |attempt: &Value| {
        attempt["outcome"]["status"].as_u64().is_some_and(|status| (200..300).contains(&status))
    };
    let first = attempts.iter().position(is_success)?;
    (first + 1 < attempts.len()).then(|| format!("an attempt followed a success: {}", json!(attempts)))
}
