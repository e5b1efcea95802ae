//! The whole pipeline in one process, deterministic and seeded: the real code of every step in a simulated world, with
//! faults of every kind at every await. The invariants are checked against the providers' own books.
//!
//! A run is a function of its seed and the number of orders. [`run`] simulates customers, a warehouse, a payment provider,
//! a bank, carriers and the shop's own systems. Messages are duplicated, late and reordered; calls fail or lose their
//! answers; functions crash, panic, run out of time, or freeze and resume as zombies. Then the faults stop, everything is
//! replayed twice without an effect, and the invariants are checked. In a third of the worlds some customers are erased once their
//! orders have ended, while late messages about these are still under way.

#![expect(
    clippy::expect_used,
    reason = "the world is this crate's own: what is missing in it is a mistake here"
)]

mod actors;
mod bank;
mod chance;
mod client_reads;
mod currency;
mod delivery_checks;
mod delivery_queue;
mod endpoint_owners;
mod erasures;
mod event_loop;
mod executor;
mod explanation_checks;
mod invariants;
mod invocations;
mod live_clients;
mod mail_checks;
mod message_flow;
mod outages;
mod provider_faults;
mod queues;
mod replays;
mod streams;
mod time_limits;
mod view_checks;
mod webhook_receivers;
mod webhook_senders;
mod world;

pub use live_clients::{LiveReport, MOVES, follow_orders};

use mimalloc::MiMalloc;
use std::collections::BTreeMap;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The result of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of orders that were placed.
    pub orders: u64,
    /// Orders by their last status, or `attention` for an open order that an operator has an entry for.
    pub ends: BTreeMap<String, u64>,
    /// Deliveries to endpoints by their last state, with the reason of an early end.
    pub deliveries: BTreeMap<String, u64>,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Messages that overtook what they follow from, by kind.
    pub overtakings: BTreeMap<&'static str, u64>,
    /// Broken rules, each with the number of its invariant.
    pub violations: Vec<String>,
    /// A digest of the sequence of everything that happened. Equal runs have equal digests.
    pub trace: u64,
    /// The number of invocations of functions.
    pub invocations: u64,
    /// The number of customers who were erased.
    pub erased: u64,
}

impl Report {
    /// Adds the numbers of another run.
    pub fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.invocations += other.invocations;
        self.erased += other.erased;
        self.trace = self.trace.rotate_left(5) ^ other.trace;
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        for (end, count) in other.deliveries {
            *self.deliveries.entry(end).or_default() += count;
        }
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (kind, count) in other.overtakings {
            *self.overtakings.entry(kind).or_default() += count;
        }
        self.violations.extend(other.violations);
    }
}

/// Simulates `orders` orders in the world of `seed`.
pub fn run(seed: u64, orders: u64) -> Report {
    // The waits between attempts have a random jitter. No rule depends on it, but the trace does.
    fastrand::seed(seed);
    let mut simulation = event_loop::Simulation::start(seed);
    simulation.until_placed(orders);
    simulation.until_quiet();
    simulation.until_erased();
    simulation.replay_everything();
    simulation.report()
}
