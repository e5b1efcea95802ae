//! The AWS side: every `aws_sdk_*` call of Conveyor is in this crate, one adapter file for each port file of
//! `event-store` and `outbound`.
//!
//! The clients are lean on purpose: one HTTP client for all services, a trust store of Amazon's own roots
//! (`TRUST_STORE=native` for private endpoints), region and credentials from the environment, no discovery.

mod addresses;
mod clients;
mod counters;
mod documents;
mod error;
mod event_store;
mod http;
mod item;
mod letters;
mod mail;
mod pages;
mod queue;
mod secrets;
mod strangers;
mod table;
mod topic;
mod work;

pub use clients::Clients;
pub use table::Table;
