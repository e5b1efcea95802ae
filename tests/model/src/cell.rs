//! A cell: one service as it stands, with its table and the provider behind it. Whatever a step can read or change
//! lies within one cell, so what a step comes to depends on its cell and its work alone.

use event_store::{EventStore, Memory, StreamId};
use events::{Envelope, Event, OrderId, Service};
use orders::Order;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use testkit::{FakeEasyPost, FakeStripe};

const MEMORY: &str = "a string takes every character";

/// The provider behind a service.
#[derive(Clone)]
pub(crate) enum Outside {
    Nobody,
    Stripe(Arc<FakeStripe>),
    EasyPost(Arc<FakeEasyPost>),
}

/// One service as it stands. Never changed: a step runs on a copy.
#[derive(Clone)]
pub(crate) struct Cell {
    pub(crate) service: Service,
    pub(crate) table: Arc<Memory>,
    pub(crate) outside: Outside,
    /// Of orders: the events of others that are recorded, by id.
    pub(crate) told: Vec<Arc<Envelope>>,
}

impl Cell {
    pub(crate) fn new(service: Service, outside: Outside) -> Self {
        Self { service, table: Arc::default(), outside, told: Vec::new() }
    }

    /// A copy that a step can run on.
    pub(crate) fn copy(&self) -> Self {
        let outside = match &self.outside {
            Outside::Nobody => Outside::Nobody,
            Outside::Stripe(stripe) => Outside::Stripe(Arc::new(FakeStripe::clone(stripe))),
            Outside::EasyPost(carrier) => Outside::EasyPost(Arc::new(FakeEasyPost::clone(carrier))),
        };
        Self { table: Arc::new(Memory::clone(&self.table)), outside, ..self.clone() }
    }

    /// A text that is equal for cells that behave equally from now on.
    pub(crate) fn fingerprint(&self) -> String {
        let mut events = self.table.all_events();
        events.sort_by(|left, right| (&left.subject, left.sequence).cmp(&(&right.subject, right.sequence)));
        let mut text = format!("{:?}\n", self.service);
        for event in &events {
            let Envelope { id, causationid, event_type, data, .. } = event;
            writeln!(text, "{id} {event_type} {causationid} {data}").expect(MEMORY);
        }
        let (documents, counts) = (self.table.all_documents(), self.table.all_counts());
        writeln!(text, "{documents:?}\n{counts:?}").expect(MEMORY);
        match &self.outside {
            Outside::Nobody => {}
            Outside::Stripe(stripe) => text.push_str(&stripe.fingerprint()),
            Outside::EasyPost(carrier) => text.push_str(&carrier.fingerprint()),
        }
        text
    }

    /// The streams, by order, oldest event first.
    pub(crate) fn streams(&self) -> Vec<Vec<Envelope>> {
        let events = self.table.all_events();
        let subjects: BTreeSet<&str> = events.iter().map(|event| event.subject.as_str()).collect();
        let of = |subject| events.iter().filter(|event| event.subject == subject).cloned().collect();
        subjects.into_iter().map(of).collect()
    }

    /// What the service said of one order.
    pub(crate) fn events_of(&self, order: &OrderId) -> Vec<Event> {
        let envelopes = self.table.all_events();
        let of_order = envelopes.iter().filter(|envelope| envelope.subject == order.as_str());
        of_order.filter_map(|envelope| Event::read(envelope).ok()).collect()
    }

    /// The order as its stream tells it; only orders' cell has one.
    pub(crate) fn order(&self, order: &OrderId) -> Order {
        let store: &dyn EventStore = &*self.table;
        crate::stage::finish(store.history::<Order>(&StreamId::order(order)))
            .map(|history| history.state)
            .unwrap_or_default()
    }
}
