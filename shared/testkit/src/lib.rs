//! What tests of every room share: builders, and honest in-process providers. Never part of a function.

mod builders;
mod easypost;
mod gate;
mod letters;
mod log;
mod outage;
mod outside;
mod proofs;
mod receiver;
mod standard;
mod stripe;

pub use builders::{
    RequestBuilder, cause, customer, delivered, envelope, eur, lines, message, now, order_id, other_customer,
    placed, record, request, sku,
};
pub use easypost::{
    EASYPOST_CARRIER, EASYPOST_KEY, EasyPostCall, EasyPostCounts, EasyPostFault, FakeEasyPost, tracker_event,
};
pub use gate::{Effect, Gate, Gated, Verdict};
pub use letters::MemoryLetters;
pub use log::Log;
pub use outage::Outage;
pub use outside::{FixedSecrets, MailBox, MemoryQueue, MemorySecretStore, MemoryTopic};
pub use proofs::{Delivered, Footprint, Plan, Proof, Scene, Stop, prove};
pub use receiver::{FixedNames, MemoryWork, Receivers, answer};
pub use standard::{SENDER_SECRET, keep_told, told_by};
pub use stripe::{Books, FakeStripe, Fault};
