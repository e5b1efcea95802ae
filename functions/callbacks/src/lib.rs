//! Callbacks: outbound webhooks. The shop's own systems are called when an order moves.
//!
//! Owns the endpoints that want to be called, one delivery for each event and endpoint with its attempts, and how
//! each endpoint is doing. Items, not events: its table has no stream, and it says nothing. Reacts to `OrderPlaced`
//! and `OrderUpdated`.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | endpoint with its secrets | `endpoints` | `endpoint#<endpoint id>` |
//! | delivery | `endpoint#<endpoint id>` | `delivery#<webhook id>` |
//! | health: leases of calls under way, circuit breaker | `endpoint#<endpoint id>` | `health` |
//!
//! A delivery is written first and then put into the queue; the index of pending deliveries by the moment at which
//! they are overdue (`pending-by-time`) finds what was lost between the two, and what has to wait for longer than a
//! queue can hold a message back. Each change of an item is one conditional write, fenced by its version.
//!
//! Pure: `endpoint`, `delivery`, `health`, `retry`, `outgoing`, `url`. Steps: [`PlanDeliveries`],
//! [`DeliverWebhook`], [`ScheduleCallbacks`], [`ManageCallbacks`].

mod chance;
mod deliver;
mod delivery;
mod disabled;
mod endpoint;
mod errand;
mod health;
mod lanes;
mod manage;
mod outgoing;
mod plan;
mod retry;
mod schedule;
mod store;
#[cfg(test)]
mod testing;
mod url;

pub use chance::{Chance, SystemChance};
pub use deliver::DeliverWebhook;
pub use errand::Pace;
pub use lanes::Lanes;
pub use manage::ManageCallbacks;
pub use outgoing::TYPES;
pub use plan::PlanDeliveries;
pub use schedule::ScheduleCallbacks;
