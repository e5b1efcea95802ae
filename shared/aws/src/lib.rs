//! The adapters on AWS: every `aws_sdk_*` call of Conveyor is in this crate, one adapter file for each port file of
//! `event-store` and `outbound`.
//!
//! The clients are lean, so that a function starts fast: one HTTP client for all services, a trust store with Amazon's
//! roots only (`TRUST_STORE=native` for private endpoints), region and credentials from the environment, no discovery.

mod addresses;
mod batches;
mod clients;
mod connections;
mod counters;
mod deploys;
mod documents;
mod error;
mod event_store;
mod functions;
mod gauges;
mod guarded_transport;
mod http;
mod item;
mod letters;
mod mail;
mod marks;
mod pages;
mod queue;
mod scan;
mod sdk_transport;
mod secrets;
pub mod size;
mod sockets;
mod table;
#[cfg(test)]
mod testing;
mod timed_client;
mod topic;
mod work;

pub use clients::Clients;
pub use table::Table;
