//! What must become of every delivery to an endpoint (I6): each event that an endpoint wants is taken by its receiver, or
//! its delivery ends with a reason that is recorded; and the log says what the receiver saw.

use super::endpoints::{Owners, Registered};
use super::executor::finish;
use super::mailroom::Taken;
use super::receivers::{Heard, digest};
use super::world::World;
use event_store::{Documents as _, Key, Pages as _, Walk};
use events::{Envelope, OrderStatus};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// So many attempts a round has.
const ATTEMPTS: u64 = 8;

/// What is seen of deliveries while the play goes on.
#[derive(Default)]
pub(super) struct Watched {
    /// Facts and ends that have to have a delivery, since they were planned while their endpoint was called.
    due: BTreeSet<Due>,
    /// By delivery: how often a message about it was in somebody's hands, and whether something befell those hands.
    handed: BTreeMap<Of, (u64, bool)>,
}

/// An endpoint and a delivery to it.
type Of = (String, String);

/// Something that an endpoint wants to be told: an order, and the number of its event or the name of its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    endpoint: String,
    order: String,
    what: String,
}

impl Watched {
    /// `plan-deliveries` is done with an event.
    pub(super) fn planned(&mut self, world: &World, owners: &Owners, body: &str) {
        let Ok(envelope) = serde_json::from_str::<Envelope>(body) else { return };
        for (id, known) in &owners.endpoints {
            if !is_called_since(world, id, known, envelope.time) {
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

    /// A message about a delivery is in somebody's hands.
    pub(super) fn handed(&mut self, taken: &Taken) {
        if let Some(of) = delivery_of(taken) {
            self.handed.entry(of).or_default().0 += 1;
        }
    }

    /// Something befell whoever had it in hands.
    pub(super) fn harmed(&mut self, taken: &Taken) {
        if let Some(of) = delivery_of(taken) {
            self.handed.entry(of).or_default().1 = true;
        }
    }

    /// Whether each of its messages was in hands once, and those were left alone.
    fn was_smooth(&self, of: &Of, attempted: u64) -> bool {
        self.handed.get(of).is_some_and(|(times, is_harmed)| *times == attempted && !is_harmed)
    }
}

fn delivery_of(taken: &Taken) -> Option<Of> {
    let errand: Value = serde_json::from_str(&taken.body).ok()?;
    Some((errand["endpoint"].as_str()?.to_owned(), errand["delivery"].as_str()?.to_owned()))
}

/// The endpoint as it stands in the table.
fn endpoint(world: &World, id: &str) -> Option<Value> {
    let key = Key::new("endpoints", format!("endpoint#{id}"));
    finish(world.callbacks.get(&key)).expect("readable").map(|there| there.body)
}

/// Whether the endpoint is called, was when its owner was told so before that moment, and has been ever since.
fn is_called_since(world: &World, id: &str, known: &Registered, moment: Timestamp) -> bool {
    let Some(there) = endpoint(world, id) else { return false };
    let standing = &there["standing"];
    let since = standing["since"].as_str().and_then(|since| since.parse().ok());
    standing["is"] == "enabled" && since.is_some_and(|since| known.was_told(since, moment))
}

/// Whether no delivery is on its way any more.
pub(super) fn are_at_rest(world: &World) -> bool {
    let pending = world.callbacks.index("pending_shard", "overdue_at");
    (0..16).all(|shard| {
        let partition = format!("pending#{shard:02}");
        let page = finish(pending.page(&partition, Walk::Forward, 1, None)).expect("readable");
        page.documents.is_empty()
    })
}

/// Checks every delivery; what is wrong, and the deliveries by end.
pub(super) fn check(
    world: &World,
    owners: &Owners,
    watched: &Watched,
) -> (Vec<String>, BTreeMap<String, u64>) {
    let (mut wrong, mut ends) = (world.receivers.wrong(), BTreeMap::new());
    let mut planned = BTreeSet::new();
    for (key, document) in world.callbacks.all_documents() {
        let (Some(endpoint), Some(id)) = (key.pk.strip_prefix("endpoint#"), key.sk.strip_prefix("delivery#"))
        else {
            continue;
        };
        let delivery = document.body;
        planned.extend(told(endpoint, &delivery));
        let end = [&delivery["state"]["is"], &delivery["state"]["because"]];
        let end: Vec<&str> = end.into_iter().filter_map(Value::as_str).collect();
        *ends.entry(end.join(": ")).or_default() += 1;
        let Some(known) = owners.endpoints.get(endpoint) else {
            wrong.push(format!("I6: {key} is for an endpoint that nobody has"));
            continue;
        };
        let heard = world.receivers.heard(&known.url, id);
        let of = (endpoint.to_owned(), id.to_owned());
        let found = [
            has_ended(&delivery, known, world.receivers.has_said(&known.url, 410), &heard),
            log_is_true(&delivery, &heard),
            no_more_than_needed(&delivery, &heard, watched.was_smooth(&of, attempted(&delivery))),
            success_is_last(&delivery).filter(|_| !owners.wanted_again.contains(id)),
        ];
        wrong.extend(found.into_iter().flatten().map(|what| format!("I6: {key}: {what}")));
    }
    let gone = owners.endpoints.iter().filter(|(_, known)| known.is_deleted);
    let come_back =
        gone.filter(|(id, _)| endpoint(world, id).is_some_and(|there| there["standing"]["is"] != "deleted"));
    wrong.extend(come_back.map(|(id, _)| format!("I7: {id} was deleted, and is there")));
    let missing = watched.due.difference(&planned);
    wrong.extend(
        missing.map(|due| {
            format!("I6: nobody planned to tell {} of {} of {}", due.endpoint, due.what, due.order)
        }),
    );
    (wrong, ends)
}

/// What a delivery tells: the number of an order's event, or the name of its end.
fn told(endpoint: &str, delivery: &Value) -> Option<Due> {
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

/// The statuses that are recorded, and how often each is.
fn recorded(delivery: &Value) -> BTreeMap<u16, u32> {
    let attempts = delivery["attempts"].as_array().into_iter().flatten();
    let statuses = attempts.filter_map(|attempt| attempt["outcome"]["status"].as_u64());
    statuses.filter_map(|status| u16::try_from(status).ok()).fold(BTreeMap::new(), |mut counts, status| {
        *counts.entry(status).or_default() += 1;
        counts
    })
}

/// It was taken, or why it was not is recorded and true.
fn has_ended(delivery: &Value, known: &Registered, has_gone: bool, heard: &Heard) -> Option<String> {
    let state = &delivery["state"];
    let before = delivery["before_this_round"].as_u64().unwrap_or_default();
    let is_true = match (state["is"].as_str(), state["because"].as_str()) {
        (Some("delivered"), _) => heard.taken > 0,
        (Some("exhausted"), _) => attempted(delivery) - before >= ATTEMPTS,
        (Some("ended"), Some("endpoint_deleted")) => known.is_deleted,
        (Some("ended"), Some("endpoint_disabled")) => known.was_disabled || has_gone,
        _ => false,
    };
    (!is_true).then(|| format!("it is {state}, and the receiver knows of {heard:?}"))
}

/// An answer that is recorded was given.
fn log_is_true(delivery: &Value, heard: &Heard) -> Option<String> {
    let given = |status: &u16| heard.answers.get(status).copied().unwrap_or_default();
    let mut recorded = recorded(delivery).into_iter();
    let body = delivery["body"].as_str().unwrap_or_default();
    let is_other = heard.calls > 0 && heard.bytes != digest(body.as_bytes());
    let made_up = recorded.find(|(status, times)| given(status) < *times);
    made_up
        .map(|(status, times)| format!("{status} is recorded {times} times, the receiver gave {heard:?}"))
        .or_else(|| is_other.then(|| "the receiver has other bytes".to_owned()))
}

/// Where nothing went wrong on our side, it was called as often as the log says.
fn no_more_than_needed(delivery: &Value, heard: &Heard, was_smooth: bool) -> Option<String> {
    let is_more = was_smooth && u64::from(heard.calls) > attempted(delivery);
    is_more.then(|| format!("{} attempts are recorded, {heard:?} for no reason", attempted(delivery)))
}

/// Who has taken it is left alone.
fn success_is_last(delivery: &Value) -> Option<String> {
    let attempts = delivery["attempts"].as_array()?;
    let is_success = |attempt: &Value| {
        attempt["outcome"]["status"].as_u64().is_some_and(|status| (200..300).contains(&status))
    };
    let first = attempts.iter().position(is_success)?;
    (first + 1 < attempts.len())
        .then(|| format!("it was called again after it had been taken: {}", json!(attempts)))
}
