//! A cell: the state of one service, with its table and its provider. A step reads and changes only its own cell, so its
//! outcome depends on this cell and its work alone.

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
pub(crate) enum ProviderTwin {
    None,
    Stripe(Arc<FakeStripe>),
    EasyPost(Arc<FakeEasyPost>),
}

/// The state of one service. It is immutable: a step runs on a copy.
#[derive(Clone)]
pub(crate) struct Cell {
    pub(crate) service: Service,
    pub(crate) table: Arc<Memory>,
    pub(crate) provider: ProviderTwin,
    /// In the cell of orders: the events of other services that `track-order` received, by id.
    pub(crate) tracked: Vec<Arc<Envelope>>,
}

impl Cell {
    pub(crate) fn new(service: Service, provider: ProviderTwin) -> Self {
        Self { service, table: Arc::default(), provider, tracked: Vec::new() }
    }

    /// A copy that a step can run on.
    pub(crate) fn copy(&self) -> Self {
        let provider = match &self.provider {
            ProviderTwin::None => ProviderTwin::None,
            ProviderTwin::Stripe(stripe) => ProviderTwin::Stripe(Arc::new(FakeStripe::clone(stripe))),
            ProviderTwin::EasyPost(carrier) => ProviderTwin::EasyPost(Arc::new(FakeEasyPost::clone(carrier))),
        };
        Self { table: Arc::new(Memory::clone(&self.table)), provider, ..self.clone() }
    }

    /// A text that is equal for cells that behave equally from here on.
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
        match &self.provider {
            ProviderTwin::None => {}
            ProviderTwin::Stripe(stripe) => text.push_str(&stripe.fingerprint()),
            ProviderTwin::EasyPost(carrier) => text.push_str(&carrier.fingerprint()),
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

    /// The service's events about one order.
    pub(crate) fn events_of(&self, order: &OrderId) -> Vec<Event> {
        let envelopes = self.table.all_events();
        let of_order = envelopes.iter().filter(|envelope| envelope.subject == order.as_str());
        of_order.filter_map(|envelope| Event::read(envelope).ok()).collect()
    }

    /// The order as the fold of its stream. Only the cell of orders has one.
    pub(crate) fn order(&self, order: &OrderId) -> Order {
        let store: &dyn EventStore = &*self.table;
        crate::step_runner::finish(store.history::<Order>(&StreamId::order(order)))
            .map(|history| history.state)
            .unwrap_or_default()
    }
}
