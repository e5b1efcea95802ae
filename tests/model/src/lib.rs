//! The model: every order in which a few things can happen, explored to the end.
//!
//! What is real: each step, with its decisions, its calls and the order of its calls; the twins of the tables, the
//! template's filter policies, the providers that the other tests use. What is the model's: the network between them (a
//! bag that delivers at least once, in any order), time (before `pay_by`, after it, and long after everything), and who may
//! do what how often. A [`Scenario`] bounds that; within it nothing is left out: `stateright` visits every state that can
//! be reached, and in each of them asks what must hold.
//!
//! What must hold (ARCHITECTURE.md, Invariants): I1, I2, I4, I5 and I6 in every state; I3, and the sums of I1, wherever
//! nothing moves any more; and that an end is reachable from every state. The last is shown by going there: from each
//! state one schedule without any fault is followed to where nothing moves, and I3 must hold there.
//!
//! How it can be fast: whatever a step reads and changes lies in its own service's table and provider (a *cell*), so what
//! it does there is computed once, by running it, and then known for all the worlds that differ elsewhere alone.

#![expect(clippy::expect_used, reason = "the model's world is ours: what is not there is a mistake in it")]

mod cell;
mod describe;
mod explore;
mod findings;
mod history;
mod large;
mod library;
mod opening;
mod outside;
mod report;
mod scenario;
mod scenarios;
mod stage;
mod state;
mod transition;
mod wire;
mod work;

pub use explore::{PROPERTIES, Pipeline};
pub use findings::{Finding, Invariant};
pub use large::LARGE;
pub use library::{CellId, HookId, LetterId, SleeperId, Work};
pub use report::{Report, explore};
pub use scenario::{Budget, Mood, Scenario, Tracks, Webhooks};
pub use scenarios::SMALL;
pub use state::{Action, How, State};
pub use wire::Trouble;
pub use work::Act;
