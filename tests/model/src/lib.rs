//! The model: every order in which a few things can happen, explored completely.
//!
//! Real are the steps, with their decisions, their calls and the order of these calls; the twins of the tables; the
//! template's filter policies; and the providers' fakes. The model replaces the network (a bag that delivers at least
//! once, in any order), time (before `pay_by`, after it, and after every deadline), and the actors. A [`Scenario`] bounds
//! the acts and the faults. Within it nothing is left out: `stateright` visits every reachable state and evaluates the
//! properties in it.
//!
//! The properties (ARCHITECTURE.md, Invariants): I1, I2, I4, I5 and I6 in every state; I3 and the sums of I1 wherever
//! nothing else can happen; and an end is reachable from every state. The last is shown by following one schedule without
//! faults from each state to where nothing else can happen: I3 must hold there.
//!
//! Speed: a step reads and changes only the table and the provider of its own service (a *cell*). So its outcome on a cell
//! is computed once, by running it, and reused for all states that differ only in other cells.

#![expect(
    clippy::expect_used,
    reason = "the world is this crate's own: what is missing in it is a mistake here"
)]

mod acts;
mod cell;
mod describe;
mod explore;
mod findings;
mod history;
mod large;
mod memo;
mod opening;
mod recorded_ports;
mod report;
mod scenario;
mod scenarios;
mod state;
mod step_runner;
mod transition;
mod work;

pub use explore::{PROPERTIES, Pipeline};
pub use findings::{Finding, Invariant};
pub use large::LARGE;
pub use memo::{CellId, FrozenId, MessageId, WebhookId, Work};
pub use recorded_ports::CallFault;
pub use report::{Report, explore};
pub use scenario::{Budget, ProviderMode, Scenario, Tracking, Webhooks};
pub use scenarios::SMALL;
pub use state::{Action, How, State};
pub use work::Act;
