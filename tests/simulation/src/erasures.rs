//! Customers who are erased once their order has ended, while late messages and webhooks about it may be under way (I9).
//!
//! Each of them has one order, and texts that no one else has. Nothing that is left in a table may hold one of them, whatever
//! is delivered late, frozen, or replayed, as it was written before the erasure.

use super::actors::{Actors, order};
use super::delivery_checks;
use super::event_loop::{HOURS_TO_DELIVER, Simulation};
use super::invocations::Call;
use super::world::World;
use event_store::{Memory, Written};
use events::{Customer, Envelope, OrderId, Service};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, request};

pub(super) const ERASE: &str = "POST /customers/{subject}/erase";

/// Of a thousand checkouts, those of a customer who is erased later.
const SHARE: u32 = 250;

/// The customers who are erased.
#[derive(Default)]
pub(super) struct Erased {
    /// Those who ask for it: their subjects.
    subjects: BTreeSet<String>,
    /// Those whose request was accepted.
    pub(super) accepted: BTreeSet<String>,
}

impl Erased {
    /// The customer of the n-th checkout, if it is one who is erased later.
    pub(super) fn customer(&mut self, world: &World, actors: &Actors) -> Option<Customer> {
        if !world.has_erasures || !actors.chance.roll(SHARE) {
            return None;
        }
        let subject = format!("plant{:05}x", actors.placed);
        self.subjects.insert(subject.clone());
        Some(Customer { subject, ..customer() })
    }

    /// Whether an order is of a customer whose erasure was accepted.
    pub(super) fn is_of(&self, owner: Option<&Customer>) -> bool {
        owner.is_some_and(|owner| self.accepted.contains(&owner.subject))
    }

    /// Whether an order is of a customer whose erasure may have been accepted: the answer may be under way.
    pub(super) fn may_be_of(&self, owner: Option<&Customer>) -> bool {
        owner.is_some_and(|owner| self.subjects.contains(&owner.subject))
    }

    /// The request to erase one of the customers.
    pub(super) fn ask(&self, actors: &Actors, now: Timestamp) -> Option<Call> {
        let asking: Vec<&String> = self.subjects.difference(&self.accepted).collect();
        let subject = asking.get(actors.chance.below(asking.len()))?;
        Some(call(subject, now))
    }
}

fn call(subject: &str, now: Timestamp) -> Call {
    Call::new(ERASE, request(ERASE).by_admin().path("subject", subject), now)
}

/// The contact and the address of a customer who is erased later: the subject is in each text.
pub(super) fn planted(body: &mut Value, subject: &str) {
    body["contact"]["email"] = json!(format!("{subject}@b.example"));
    for field in ["name", "line1", "line2", "city"] {
        body["shipping_address"][field] = json!(format!("{field} {subject}"));
    }
}

impl Simulation {
    /// Asks until every customer is erased who can be, and lets a day pass: then the requests are gone too.
    pub(super) fn until_erased(&mut self) {
        if !self.world.has_erasures {
            return;
        }
        let now = self.now();
        let asking: Vec<String> = self.actors.erased.subjects.iter().cloned().collect();
        self.calls.extend(asking.iter().map(|subject| call(subject, now)));
        for _ in 0..2 {
            self.until_idle();
            self.run_tasks();
            self.until_idle();
            self.world.clock.advance(Duration::from_hours(25));
        }
        self.run_tasks();
        self.until_idle();
        for _ in 0..HOURS_TO_DELIVER {
            if delivery_checks::is_none_pending(&self.world) {
                break;
            }
            self.world.clock.advance(Duration::from_hours(1));
            self.run_tasks();
            self.until_idle();
        }
    }

    /// The events as they were written, before any erasure: a late duplicate or a dead letter has them so.
    pub(super) fn as_written(&self, service: Service) -> Vec<Envelope> {
        let written = self.world.table(service).stream_since(0).into_iter();
        written
            .filter_map(|written| match written {
                Written::Event(envelope) => Some(envelope),
                Written::Document(..) => None,
            })
            .collect()
    }
}

/// I9: nothing of an erased customer is left, and its order has reported that.
pub(super) fn check(simulation: &Simulation) -> Vec<String> {
    let (actors, world) = (&simulation.actors, &simulation.world);
    let now = simulation.now();
    let services = Service::ALL.into_iter().map(|service| (service.as_str(), world.table(service)));
    let others = [("views", &world.views), ("notices", &world.notices), ("callbacks", &world.callbacks)];
    let texts: BTreeMap<&str, Vec<String>> =
        services.chain(others).map(|(name, table)| (name, texts(table, now))).collect();
    let mut wrong = Vec::new();
    for (name, texts) in &texts {
        for text in texts {
            let planted = text.split("plant").skip(1).filter_map(|rest| rest.get(..6));
            let found = planted.map(|rest| format!("plant{rest}"));
            let erased: BTreeSet<String> =
                found.filter(|subject| actors.erased.accepted.contains(subject)).collect();
            wrong
                .extend(erased.into_iter().map(|subject| format!("I9: {subject} is left in {name}: {text}")));
        }
    }
    for (id, owner) in &actors.accepted {
        if actors.erased.is_of(Some(owner)) {
            wrong.extend(not_reported(world, id));
        }
    }
    wrong
}

/// The texts of a table that do not expire.
fn texts(table: &Memory, now: Timestamp) -> Vec<String> {
    let mut texts = Vec::new();
    table.visit_events(|envelope| texts.push(envelope.stored()));
    let documents = table.all_documents().into_iter().filter(|(_, document)| !document.has_expired(now));
    texts.extend(documents.map(|(key, document)| format!("{key} {document:?}")));
    texts
}

fn not_reported(world: &World, id: &OrderId) -> Option<String> {
    let erasure = serde_json::to_value(order(world, id).erasure_reports()).unwrap_or_default();
    (erasure != json!([true, true, true]))
        .then(|| format!("I9: {id} is not erased in every service: {erasure}"))
}
