//! What strangers may send: each parser driven through its public door, and what has to hold whatever comes.
//!
//! A property is a function of bytes that panics when it is broken. The fuzzers in `fuzz_targets/` are one line each
//! over these functions (`make fuzz`); `tests/` runs them over the seeds and many mutations of them in every test run.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a property says that it is broken by panicking: that is its whole purpose"
)]

mod carrier;
mod messages;
mod requests;
mod scene;
mod seeds;
mod signatures;
mod standard;
mod stripe;

pub use carrier::carrier_events;
pub use messages::messages;
pub use requests::requests;
pub use seeds::seeds;
pub use signatures::signatures;
pub use standard::standard_events;
pub use stripe::stripe_events;

use event_store::{Document, Key, Memory, Written};
use resilience::FixedClock;
use runtime::http::{Problem, Reply};
use runtime::stream::{Item, Record};
use std::sync::Arc;

/// A property of any bytes at all. The answer tells whether they were let in, so that a test can see that seeds are.
pub type Property = fn(&[u8]) -> bool;

/// Every property by the name of its fuzzer, in alphabetical order.
pub const ALL: [(&str, Property); 6] = [
    ("carrier_events", carrier_events),
    ("messages", messages),
    ("requests", requests),
    ("signatures", signatures),
    ("standard_events", standard_events),
    ("stripe_events", stripe_events),
];

const SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSBmdXp6ZXJz";

/// Runs a step to its end; its ports are in memory, so nothing in it waits for the world.
fn wait<T>(step: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
    runtime.block_on(step)
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(testkit::now()))
}

/// What the table's stream brings to its readers after the first `seen` items.
fn records(table: &Memory, seen: usize) -> Vec<Record> {
    let items = table.stream_since(seen).into_iter();
    items
        .map(|written| match written {
            Written::Event(envelope) => testkit::record(&envelope),
            Written::Document(key, document) => Record { key, item: Item::Document(document) },
        })
        .collect()
}

/// The one inbox item, if there is one.
fn inbox_item(table: &Memory) -> Option<(Key, Document)> {
    table.all_documents().into_iter().find(|(key, _)| key.sk == webhooks::inbox::SORT_KEY)
}

/// Whether a receiver let a webhook in. One that it answered is durable, as it came; of one that it refused nothing is, and a
/// stranger's body is no error of ours.
fn is_kept(answer: Result<Reply, Problem>, item: Option<(Key, Document)>, data: &[u8]) -> bool {
    match (answer, item) {
        (Ok(_), Some((key, document))) => {
            let (_, body) = webhooks::inbox::open(&document, &key).expect("what was kept opens");
            assert_eq!(body, data, "the body is kept as it came");
            true
        }
        (Ok(reply), None) => panic!("{} and nothing durable", reply.status),
        (Err(_), Some(_)) => panic!("refused and kept"),
        (Err(problem), None) => {
            assert!(problem.status < 500, "a stranger's body is our error: {}", problem.detail);
            false
        }
    }
}
