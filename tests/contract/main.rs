//! The contract of a service's table: one suite that runs on the in-memory twin, on the emulator's DynamoDB, and on two more
//! implementations of DynamoDB that only this suite uses. What one of them wrongly accepts, another refuses.
//!
//! It uses notifications' table and the table of order views, because no function reads their streams. Each test has keys
//! of its own. `docs/local-stack.md` lists the promises that only the emulator can check. In [`stripe`] is the contract of the payment
//! provider, for the one in process and the local server.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers outside of test functions may panic as well"
)]

mod counters;
mod documents;
mod marks;
mod pages;
mod scan;
mod streams;
mod stripe;

use event_store::{Counters, Documents, EventScan, EventStore, Memory, Pages, RateMarks, Redaction};
use std::sync::Arc;
use testkit::order_id;

/// A table under test: its ports, and an id that makes its keys unique.
pub(crate) struct Table {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) redaction: Arc<dyn Redaction>,
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) counters: Arc<dyn Counters>,
    pub(crate) marks: Arc<dyn RateMarks>,
    pub(crate) scan: Arc<dyn EventScan>,
    pub(crate) run: events::OrderId,
}

impl Table {
    pub(crate) fn pk(&self, name: &str) -> String {
        format!("contract#{}#{name}", self.run)
    }
}

/// The implementation under test. Each promise is tried on as many as can judge it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On {
    /// The in-memory twin.
    Memory,
    /// The DynamoDB of the local stack's emulator.
    Emulator,
    /// moto. Its transactions are not isolated from each other, so it judges one writer at a time.
    Moto,
    /// dynalite: strict about expressions. It has no transactions and returns no item with a failed condition.
    Dynalite,
}

impl On {
    fn clients(self) -> aws::Clients {
        let url = match self {
            Self::Memory | Self::Emulator => None,
            Self::Moto => Some(tests::variable("CONVEYOR_MOTO_URL")),
            Self::Dynalite => Some(tests::variable("CONVEYOR_DYNALITE_URL")),
        };
        let mut settings = match url {
            None => runtime::Settings::from_environment(),
            Some(url) => runtime::Settings::from_lookup(move |name| match name {
                "AWS_ENDPOINT_URL" => Some(url.clone()),
                "AWS_REGION" => Some("us-east-1".to_owned()),
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
                _ => None,
            }),
        };
        let clients = aws::Clients::from_settings(&mut settings);
        settings.finish().expect("the stack's environment; run `make test`");
        clients
    }

    /// The name of a table by its logical id and by the stack's variable. `local/judges.py` makes the judges' tables.
    fn name(self, logical: &str, variable: &str) -> String {
        match self {
            Self::Memory | Self::Emulator => tests::variable(variable),
            Self::Moto | Self::Dynalite => logical.to_owned(),
        }
    }
}

pub(crate) fn table(on: On) -> Table {
    let run = order_id(fresh());
    if let On::Memory = on {
        let memory = Arc::new(Memory::default());
        return Table {
            store: memory.clone(),
            redaction: memory.clone(),
            documents: memory.clone(),
            counters: memory.clone(),
            marks: memory.clone(),
            scan: memory,
            run,
        };
    }
    let table = on.clients().table(&on.name("NotificationsTable", "CONVEYOR_NOTIFICATIONS_TABLE"));
    Table {
        store: table.clone(),
        redaction: table.clone(),
        documents: table.clone(),
        counters: table.clone(),
        marks: table.clone(),
        scan: table,
        run,
    }
}

/// The documents of the table of order views, and how they are listed.
pub(crate) struct Views {
    pub(crate) documents: Arc<dyn Documents>,
    /// The index `open-by-deadline`.
    pub(crate) index: Arc<dyn Pages>,
    /// The index `attention`, which the table's own sort key orders.
    pub(crate) by_sort_key: Arc<dyn Pages>,
    /// The table's own partitions.
    pub(crate) partitions: Arc<dyn Pages>,
    /// A partition that no other test uses.
    pub(crate) partition: String,
}

pub(crate) fn views(on: On) -> Views {
    let partition = format!("contract#{}", order_id(fresh()));
    if let On::Memory = on {
        let memory = Arc::new(Memory::default());
        return Views {
            documents: memory.clone(),
            index: Arc::new(memory.index("open_shard", "deadline")),
            by_sort_key: Arc::new(memory.index("attention", "sk")),
            partitions: Arc::new(memory.index("pk", "sk")),
            partition,
        };
    }
    let (clients, name) = (on.clients(), on.name("OrderViewsTable", "CONVEYOR_ORDER_VIEWS_TABLE"));
    Views {
        documents: clients.table(&name),
        index: clients.index(&name, "open-by-deadline", "open_shard", "deadline"),
        by_sort_key: clients.index(&name, "attention", "attention", "sk"),
        partitions: clients.partitions(&name),
        partition,
    }
}

/// A number that is different in every test of every run.
fn fresh() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// For each promise one test on each judge, which gives the test its name.
macro_rules! everywhere {
    ($($promise:ident),+ $(,)?) => {
        crate::judged!([in_memory: Memory, on_emulator: Emulator, on_moto: Moto, on_dynalite: Dynalite] $($promise)+);
    };
}

/// Promises that need transactions, or the item of a failed condition.
macro_rules! except_on_dynalite {
    ($($promise:ident),+ $(,)?) => {
        crate::judged!([in_memory: Memory, on_emulator: Emulator, on_moto: Moto] $($promise)+);
    };
}

/// Promises to many writers at once that need no transaction.
macro_rules! except_on_moto {
    ($($promise:ident),+ $(,)?) => {
        crate::judged!([in_memory: Memory, on_emulator: Emulator, on_dynalite: Dynalite] $($promise)+);
    };
}

/// Promises to many transactions at once: neither of the two can judge them (`docs/local-stack.md`).
macro_rules! except_on_both {
    ($($promise:ident),+ $(,)?) => {
        crate::judged!([in_memory: Memory, on_emulator: Emulator] $($promise)+);
    };
}

/// For each promise one test on each judge: of a table, or of another kind that is named.
macro_rules! judged {
    ($judges:tt $($promise:ident)+) => { crate::judged!($judges On => $($promise)+); };
    ($judges:tt $($kind:ident)::+ => $($promise:ident)+) => {
        crate::judged!(@each $judges [$($kind)::+] $($promise)+);
    };
    (@each $judges:tt $kind:tt $($promise:ident)+) => {
        $(mod $promise { crate::tests_of!($judges $kind $promise); })+
    };
}

macro_rules! tests_of {
    ([$($judge:ident: $on:ident),+] $kind:tt $promise:ident) => {
        $(#[tokio::test] async fn $judge() { super::$promise(crate::variant!($kind $on)).await; })+
    };
}

macro_rules! variant {
    ([$($kind:ident)::+] $on:ident) => { crate::$($kind)::+::$on };
}

pub(crate) use {everywhere, except_on_both, except_on_dynalite, except_on_moto, judged, tests_of, variant};
