//! The whole pipeline in one process, deterministic and seeded: every step's real code on a simulated world, with
//! faults of every kind at every await, and the invariants checked against the provider's own books.
//!
//! A run is a function of its seed and the number of orders. [`run`] plays one: customers, a warehouse, a payment
//! provider, a bank, carriers and the shop's own systems act while messages come twice, late and in any order, calls
//! fail or lose their answers, and functions crash or stop and come back as zombies. Then the faults stop, and what must
//! hold is checked.

#![expect(clippy::expect_used, reason = "the simulated world is ours: what is not there is a mistake in it")]

mod bank;
mod callbacks;
mod chance;
mod clients;
mod deliveries;
mod delivery;
mod doors;
mod endpoints;
mod executor;
mod invariants;
mod jobs;
mod mailroom;
mod outages;
mod play;
mod provider;
mod queues;
mod receivers;
mod senders;
mod shop;
mod streams;
mod world;

pub use queues::is_subscribed;
use std::collections::BTreeMap;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many orders were placed.
    pub orders: u64,
    /// Orders by the status that they ended with, or `attention` where a person has an entry.
    pub ends: BTreeMap<String, u64>,
    /// Deliveries to endpoints by the state that they ended in, with the reason where there was nobody to call.
    pub deliveries: BTreeMap<String, u64>,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What overtook what it follows from, by kind.
    pub overtakings: BTreeMap<&'static str, u64>,
    /// What was found to be wrong, each with the invariant's number.
    pub violations: Vec<String>,
    /// A digest of everything that happened, in its order: equal for equal runs.
    pub trace: u64,
    /// How many handlers ran.
    pub invocations: u64,
}

impl Report {
    /// Adds another run's numbers.
    pub fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.invocations += other.invocations;
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

/// Plays `orders` orders in the world of `seed`.
pub fn run(seed: u64, orders: u64) -> Report {
    // The waits between tries are chosen by chance; nothing may depend on them, but the trace does.
    fastrand::seed(seed);
    let mut play = play::Play::open(seed);
    play.until_placed(orders);
    play.until_quiet();
    play.report()
}
