//! The services' tables, read with the administrator's keys.

use event_store::{Document, Documents as _, EventStore as _, Key, StreamId};
use events::{Envelope, OrderId};
use serde_json::Value;
use tokio::runtime::Runtime;

/// The services that have a stream for each order.
pub(crate) const SERVICES: [&str; 4] = ["ORDERS", "PAYMENTS", "INVENTORY", "SHIPPING"];

/// The tables' clients, and the runtime that they need.
pub(crate) struct Tables {
    clients: aws::Clients,
    runtime: Runtime,
}

impl Tables {
    pub(crate) fn new() -> Self {
        Self::with(runtime::Settings::from_environment())
    }

    /// With other credentials.
    pub(crate) fn with(mut settings: runtime::Settings) -> Self {
        let clients = aws::Clients::from_settings(&mut settings);
        settings.finish().expect("the stack's environment; run `make test`");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { clients, runtime }
    }

    pub(crate) fn clients(&self) -> &aws::Clients {
        &self.clients
    }

    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// One order's events in one service's table, as `SERVICES` names it.
    pub(crate) fn stream(&self, service: &str, order: &str) -> Vec<Envelope> {
        let table = self.clients.table(&tests::variable(&format!("CONVEYOR_{service}_TABLE")));
        let stream = StreamId::order(&OrderId::try_from(order).expect("an order id"));
        self.run(table.read(&stream)).expect("the table answers")
    }

    /// Writes an item, as one of the service's functions would.
    pub(crate) fn put(&self, service: &str, pk: &str, sk: &str, item: &Value) {
        let table = self.clients.table(&tests::variable(&format!("CONVEYOR_{service}_TABLE")));
        self.run(table.put(&Key::new(pk, sk), &Document::of(item))).expect("the table answers");
    }

    /// Whether an item exists in a service's table.
    pub(crate) fn has(&self, service: &str, pk: &str, sk: &str) -> bool {
        let table = self.clients.table(&tests::variable(&format!("CONVEYOR_{service}_TABLE")));
        self.run(table.get(&Key::new(pk, sk))).expect("the table answers").is_some()
    }

    /// The number of items in a partition whose sort keys have this prefix.
    pub(crate) fn lists(&self, service: &str, pk: &str, prefix: &str) -> usize {
        let table = self.clients.table(&tests::variable(&format!("CONVEYOR_{service}_TABLE")));
        self.run(table.list(pk, prefix)).expect("the table answers").len()
    }

    /// Whether a webhook is in the inbox.
    pub(crate) fn in_inbox(&self, service: &str, source: &str, event_id: &str) -> bool {
        self.has(service, &format!("webhook#{source}#{event_id}"), "inbox")
    }
}
