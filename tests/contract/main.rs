//! The contract of a service's table: one suite, run on the in-memory twin and on the emulator's DynamoDB.
//!
//! The notifications' table and the views' table are used, since no stream reads them, under keys of each run's own.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may be blunt outside of its test functions too"
)]

mod counters;
mod documents;
mod pages;
mod streams;

use event_store::{Counters, Documents, EventStore, Memory, Pages};
use std::sync::Arc;
use testkit::order_id;

/// A table under test: its ports, and a prefix that nothing else in it has.
pub(crate) struct Table {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) counters: Arc<dyn Counters>,
    pub(crate) run: events::OrderId,
}

impl Table {
    pub(crate) fn pk(&self, name: &str) -> String {
        format!("contract#{}#{name}", self.run)
    }
}

/// Which of the two a test runs on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On {
    Memory,
    DynamoDb,
}

pub(crate) fn table(on: On) -> Table {
    let run = order_id(fresh());
    match on {
        On::Memory => {
            let memory = Arc::new(Memory::default());
            Table { store: memory.clone(), documents: memory.clone(), counters: memory, run }
        }
        On::DynamoDb => {
            let table = clients().table(&tests::stack("CONVEYOR_NOTIFICATIONS_TABLE"));
            Table { store: table.clone(), documents: table.clone(), counters: table, run }
        }
    }
}

/// The index `by-customer` of the views' table, and its documents.
pub(crate) fn views(on: On) -> (Arc<dyn Documents>, Arc<dyn Pages>, String) {
    let partition = format!("contract#{}", order_id(fresh()));
    match on {
        On::Memory => {
            let memory = Arc::new(Memory::default());
            (memory.clone(), Arc::new(memory.index("customer", "placed_at")), partition)
        }
        On::DynamoDb => {
            let name = tests::stack("CONVEYOR_ORDER_VIEWS_TABLE");
            let index = clients().index(&name, "by-customer", "customer", "placed_at");
            (clients().table(&name), index, partition)
        }
    }
}

fn clients() -> aws::Clients {
    let mut settings = runtime::Settings::from_environment();
    let clients = aws::Clients::from_settings(&mut settings);
    settings.finish().expect("the stack's environment; run `make test`");
    clients
}

/// Different in every test of every run: the process and the moment it asks.
fn fresh() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Makes a test of each fact on each table.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test] async fn $name() { super::$name(crate::On::Memory).await; })+
        }
        mod on_dynamodb {
            $(#[tokio::test] async fn $name() { super::$name(crate::On::DynamoDb).await; })+
        }
    };
}
pub(crate) use on_both;
