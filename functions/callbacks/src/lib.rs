//! Callbacks: outbound webhooks. The shop's own systems are called when an order changes.
//!
//! Owns the endpoints, one delivery with its attempts for each event and endpoint, and the health of each endpoint. These
//! are documents, not events: the table has no stream, and this service publishes nothing. It reacts to `OrderPlaced` and
//! `OrderUpdated`.
//!
//! | document | pk | sk |
//! |---|---|---|
//! | endpoint with its secrets | `endpoints` | `endpoint#<endpoint id>` |
//! | delivery | `endpoint#<endpoint id>` | `delivery#<webhook id>` |
//! | health: leases of calls under way, line, circuit breaker | `endpoint#<endpoint id>` | `health` |
//!
//! A delivery is written first and then sent to the delivery queue. It has one message, which stays in the queue from attempt to
//! attempt while it is young. The index `pending-by-time` sorts pending deliveries by the moment at which they are overdue. It
//! finds messages that were lost between write and send, and deliveries that must wait longer. Each change of a document is one
//! conditional write on its version.
//!
//! Pure: `endpoint`, `attempt`, `delivery`, `health`, `pace`, `retry`, `outgoing`, `url`. Steps: [`PlanDeliveries`],
//! [`DeliverWebhook`], [`ScheduleCallbacks`], [`ManageCallbacks`].

mod attempt;
mod deliver;
mod delivery;
mod delivery_job;
mod disabled;
mod endpoint;
mod health;
mod lanes;
mod manage;
mod outgoing;
mod pace;
mod plan;
mod retry;
mod schedule;
mod store;
#[cfg(test)]
mod testing;
mod url;

pub use deliver::DeliverWebhook;
pub use lanes::Lanes;
pub use manage::ManageCallbacks;
pub use outgoing::TYPES;
pub use pace::Pace;
pub use plan::PlanDeliveries;
pub use schedule::ScheduleCallbacks;
