//! The contract of a service's table: one suite that runs on the in-memory twin and on the emulator's DynamoDB.
//!
//! It uses notifications' table and the table of order views, because no function reads their streams. Each test has keys
//! of its own.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers outside of test functions may panic as well"
)]

mod counters;
mod documents;
mod pages;
mod streams;

use event_store::{Counters, Documents, EventStore, Memory, Pages};
use std::sync::Arc;
use testkit::order_id;

/// A table under test: its ports, and an id that makes its keys unique.
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

/// The implementation under test.
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
            let table = clients().table(&tests::variable("CONVEYOR_NOTIFICATIONS_TABLE"));
            Table { store: table.clone(), documents: table.clone(), counters: table, run }
        }
    }
}

/// The documents of the table of order views, its index `by-customer`, and a partition of the index.
pub(crate) fn views(on: On) -> (Arc<dyn Documents>, Arc<dyn Pages>, String) {
    let partition = format!("contract#{}", order_id(fresh()));
    match on {
        On::Memory => {
            let memory = Arc::new(Memory::default());
            (memory.clone(), Arc::new(memory.index("customer", "placed_at")), partition)
        }
        On::DynamoDb => {
            let name = tests::variable("CONVEYOR_ORDER_VIEWS_TABLE");
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

/// A number that is different in every test of every run.
fn fresh() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Makes two tests of each function: one on the twin, one on DynamoDB.
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
