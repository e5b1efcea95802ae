//! Properties of every parser of untrusted input, tested through its public entry.
//!
//! A property is a function of bytes that panics if the property is violated. Each fuzzer in `fuzz_targets/` calls one of
//! these functions (`make fuzz`). Every test run checks them with the seeds and many mutations of the seeds (`tests/`).

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a property reports a violation by a panic"
)]

mod carrier;
mod frames;
mod messages;
mod requests;
mod seeds;
mod signatures;
mod standard;
mod stripe;
mod tables;

pub use carrier::carrier_events;
pub use frames::frames;
pub use messages::messages;
pub use requests::requests;
pub use seeds::seeds;
pub use signatures::signatures;
pub use standard::standard_events;
pub use stripe::stripe_events;

use event_store::{Document, Key, Memory, Written};
use resilience::{Failure, FixedClock};
use runtime::http::{Problem, Reply};
use runtime::stream::{Item, Reader, Record};
use std::sync::Arc;

/// A property of any bytes. It returns whether the parser accepted them, so that a test can check that seeds are accepted.
pub type Property = fn(&[u8]) -> bool;

/// Every property with the name of its fuzzer, in alphabetical order.
pub const ALL: [(&str, Property); 7] = [
    ("carrier_events", carrier_events),
    ("frames", frames),
    ("messages", messages),
    ("requests", requests),
    ("signatures", signatures),
    ("standard_events", standard_events),
    ("stripe_events", stripe_events),
];

const SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSBmdXp6ZXJz";

/// Runs a step to its end. Its ports are in memory, so it needs no I/O driver.
fn run<T>(step: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
    runtime.block_on(step)
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(testkit::now()))
}

/// The records of the table's stream after the first `seen` items.
fn records(table: &Memory, seen: usize) -> Vec<Record> {
    let items = table.stream_since(seen).into_iter();
    items
        .map(|written| match written {
            Written::Event(envelope) => testkit::record(&envelope),
            Written::Document(key, document) => Record { key, item: Item::Document(document) },
        })
        .collect()
}

/// Has a reader handle the new records of a table's stream, one after the other. It may reject one.
async fn read_new(reader: &dyn Reader, table: &Memory, seen: usize) {
    for record in records(table, seen) {
        if let Err(retry @ Failure::Retry { .. }) = reader.read(std::slice::from_ref(&record)).await {
            panic!("a table in memory does not fail: {retry}");
        }
    }
}

/// The inbox item, if one was stored.
fn inbox_item(table: &Memory) -> Option<(Key, Document)> {
    table.all_documents().into_iter().find(|(key, _)| key.sk == webhooks::inbox::SORT_KEY)
}

/// Whether a receiver accepted a webhook. An accepted webhook is stored unchanged; of a refused one nothing is stored, and
/// no body leads to a 5xx.
fn is_stored(answer: Result<Reply, Problem>, item: Option<(Key, Document)>, data: &[u8]) -> bool {
    match (answer, item) {
        (Ok(_), Some((key, document))) => {
            let (_, body) = webhooks::inbox::open(&document, &key).expect("a stored webhook can be read");
            assert_eq!(body, data, "the body is stored unchanged");
            true
        }
        (Ok(reply), None) => panic!("answered {} and stored nothing", reply.status),
        (Err(_), Some(_)) => panic!("refused and stored"),
        (Err(problem), None) => {
            assert!(problem.status < 500, "untrusted input leads to an error of ours: {}", problem.detail);
            false
        }
    }
}
