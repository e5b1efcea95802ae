//! The replay of everything, at the end of a world: every event is sent again to every queue that subscribes to it, marked, as
//! `replay-events` does. Twice. It has no effect: tables, the providers' books, labels, mail and webhooks stay as they are, and
//! nothing is dead-lettered but what was before. Only an order that needs an operator may go on, with what was not done yet.

use super::delivery_queue::PLAN;
use super::event_loop::Simulation;
use super::queues::NewMessage;
use super::world::World;
use event_store::Memory;
use events::{Envelope, Service};
use orders::Summary;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use steps::subscriptions::{QUEUES, is_subscribed};

/// Everything that a replay could change, by name.
type Picture = BTreeMap<String, String>;

impl Simulation {
    /// Replays every event twice, and records what that changed as a violation.
    pub(super) fn replay_everything(&mut self) {
        let before = picture(&self.world);
        let unfinished = need_an_operator(&self.world);
        for round in ["first", "second"] {
            self.send_replays();
            self.until_idle();
            let after = picture(&self.world);
            let changed = differences(&before, &after)
                .filter(|what| !unfinished.iter().any(|order| what.contains(order.as_str())));
            self.violations
                .extend(changed.map(|what| format!("the {round} replay of everything changed {what}")));
        }
    }

    fn send_replays(&self) {
        let now = self.now();
        let is_deployed = |queue: &&str| self.world.has_endpoints || *queue != PLAN;
        for service in Service::ALL {
            let present = self.world.table(service).all_events();
            // Also as they were before an erasure: a late duplicate has them so.
            let as_written = self.as_written(service).into_iter();
            let erased = as_written.zip(&present).filter(|(written, now)| written != *now);
            let erased: Vec<Envelope> = erased.map(|(written, _)| written).collect();
            for envelope in present.into_iter().chain(erased) {
                let marked = Envelope { replayed: Some(now), ..envelope };
                let body: Arc<str> = serde_json::to_string(&marked).expect("an envelope is JSON").into();
                let queues = QUEUES.into_iter().filter(is_deployed);
                for queue in queues.filter(|queue| is_subscribed(queue, &marked)) {
                    let body = body.clone();
                    self.world.queues.send(NewMessage { queue, body, sent_at: now, visible_at: now });
                }
            }
        }
    }
}

fn picture(world: &World) -> Picture {
    let mut picture = Picture::new();
    let services = Service::ALL.into_iter().map(|service| (service.as_str(), world.table(service)));
    let others = [("views", &world.views), ("notices", &world.notices), ("callbacks", &world.callbacks)];
    for (name, table) in services.chain(others) {
        picture.extend(contents(name, table));
    }
    picture.insert("the books of the payment provider".to_owned(), world.stripe.fingerprint());
    picture.insert("the labels of the carrier".to_owned(), world.providers.labels());
    let sent = (world.mail.mails().len(), world.mail.texts().len());
    picture.insert("the numbers of emails and texts".to_owned(), format!("{sent:?}"));
    let calls = world.receivers.calls();
    picture.insert("the number of calls to endpoints".to_owned(), calls.to_string());
    picture.insert("what is dead-lettered".to_owned(), format!("{:?}", dead_lettered(world)));
    picture
}

/// The orders that need an operator: something of them failed, and may succeed when it is tried again.
fn need_an_operator(world: &World) -> BTreeSet<String> {
    let views = world.views.all_documents().into_iter();
    let views = views.filter_map(|(key, view)| view.read::<Summary>(&key).ok());
    views.filter(|view| !view.attention.is_empty()).map(|view| view.order_id.to_string()).collect()
}

/// The functions and the messages that they could not handle. One that is replayed is dead-lettered again.
fn dead_lettered(world: &World) -> BTreeSet<(String, String)> {
    let event = |body: &str| serde_json::from_str::<Envelope>(body).ok();
    let letters = world.queues.dead_letters().into_iter();
    letters
        .map(|letter| {
            let id = event(&letter.body).map(|envelope| envelope.id.to_string());
            (letter.function, id.unwrap_or(letter.body))
        })
        .collect()
}

/// The items of a table, each under its name.
fn contents(name: &str, table: &Memory) -> Picture {
    let mut items = Picture::new();
    table.visit_events(|envelope| {
        items.insert(format!("{name}: {}", envelope.id), envelope.stored());
    });
    for (key, document) in table.all_documents() {
        items.insert(format!("{name}: {key}"), format!("{document:?}"));
    }
    for (key, counts) in table.all_counts() {
        items.insert(format!("{name}: counts of {key}"), format!("{counts:?}"));
    }
    items
}

fn differences<'a>(before: &'a Picture, after: &'a Picture) -> impl Iterator<Item = String> + 'a {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    names.filter(|name| before.get(*name) != after.get(*name)).map(|name| {
        let of = |picture: &Picture| picture.get(name).cloned().unwrap_or_else(|| "nothing".to_owned());
        format!("{name} from {} to {}", of(before), of(after))
    })
}
