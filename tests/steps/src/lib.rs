//! Every function's step, made from its ports in one place: the samples, the simulation and the model run what is made
//! here.
//!
//! A harness implements [`Ports`] and asks [`step`] for a function by its name. A new function is one arm in `step`; a
//! queue function also needs its subscription in [`subscriptions`]. What differs between the harnesses is in
//! [`Options`]; every other setting is the same for all and stands in this crate.
//!
//! [`refunded_after_dispatch`] is what the invariants of both proofs say about money.

#![expect(clippy::expect_used, reason = "the settings are constants of this crate")]

mod money;
mod orders_steps;
mod ports;
mod step;
pub mod subscriptions;

pub use money::refunded_after_dispatch;
pub use ports::{Channels, Options, Ports, Table, TablePort};
pub use step::{AnyCommand, Step, endpoint, handler, reader, socket, step, task};

pub use operations::subscriptions::PLAN_DELIVERIES;

/// The function that calls the shop's endpoints.
pub const DELIVER_WEBHOOK: &str = "deliver-webhook";
/// The key of the hash of emails.
pub const SEARCH_KEY: &str = "search-key-of-every-test";
/// The senders of Standard Webhooks that the stack trusts, as in the template's `WebhookSources`.
pub const SENDERS: &str = "bank:payments,courier:parcels=DHL+Alpine Parcel";
