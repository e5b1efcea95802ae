//! EasyPost: one account for many carriers.
//!
//! `client` speaks its API, `payload` holds the shapes as they are on the wire, `translate` says what they mean
//! here, `terms` is what a shop ships with. Creating a shipment is free; money moves when its label is bought, at
//! most once a shipment, and back when it is refunded.

mod client;
mod payload;
mod terms;
mod translate;

pub use client::{EasyPost, EasyPostError};
pub use terms::{ParcelSize, Sender, Terms};

pub(crate) use payload::{EventHead, TrackerEvent, TrackerObject, TrackingDetailObject};
pub(crate) use terms::request;
pub(crate) use translate::{Refunded, label, lowest, refunded, tracked};
