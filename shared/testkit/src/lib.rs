//! What the tests of all crates share: builders, in-memory twins of the ports, and faithful in-process providers. Never part
//! of a function.

mod batches;
mod builders;
mod damaged_scan;
mod deploys;
mod easypost;
mod gate;
mod gauges;
mod held;
mod letters;
mod log;
mod outage;
mod outside;
mod proofs;
mod receiver;
mod shop_door;
mod sockets;
mod standard;
mod stream;
mod stripe;

pub use batches::{MemoryBatches, MemoryFunctions};
pub use builders::{
    RequestBuilder, access, bearer, cause, customer, delivered, envelope, erasure, eur, lines, message, now,
    order_id, other_customer, placed, record, replayed, request, sku,
};
pub use damaged_scan::DamagedScan;
pub use deploys::MemoryDeploys;
pub use easypost::{
    EASYPOST_CARRIER, EASYPOST_KEY, EasyPostCall, EasyPostCounts, EasyPostFault, FakeEasyPost, tracker_event,
};
pub use gate::{Effect, Gate, GateDecision, Gated};
pub use gauges::{FixedGauge, MemoryMetrics};
pub use letters::MemoryLetters;
pub use log::Log;
pub use outage::Outage;
pub use outside::{FixedSecrets, MailBox, MemoryQueue, MemorySecretStore, MemoryTopic};
pub use proofs::{DeliveryOutcome, Footprint, Plan, Proof, Stop, World, prove};
pub use receiver::{FixedNames, MemoryWork, Receivers, answer};
pub use shop_door::{DOOR, DOOR_CUSTOMER, DOOR_POOL, ShopDoor};
pub use sockets::MemorySockets;
pub use standard::{SENDER_SECRET, receive_webhook, sign_webhook};
pub use stream::{arrived, letter_of, read_batch};
pub use stripe::{
    Books, FakeStripe, Fault, VERSION as STRIPE_VERSION, VERSION_BEFORE_BASIL as STRIPE_BEFORE_BASIL,
};
