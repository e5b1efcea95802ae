//! Webhooks: verified as coming from their sender, and kept in an inbox until a stream reader applies them.
//!
//! Each sender's rules are a [`Scheme`] in a file of its own, with `sign` beside `verify`. [`verify`] makes a [`Verified`] body
//! ([`fetched`] does so for a body that we fetched ourselves), and [`inbox::keep`] accepts nothing else, so an unverified body
//! cannot be stored. The exact bytes that were received are verified, and nothing is parsed before. [`Receiver`] combines these
//! steps for every receiver.

pub mod carriers;
mod easypost;
mod event_name;
mod github;
pub mod inbox;
mod mac;
pub mod outgoing;
mod receiver;
mod refusal;
mod scheme;
mod senders;
mod shopify;
mod standard;
mod stripe;

pub use easypost::EasyPost;
pub use event_name::{EventName, is_event_id, is_kept_id, is_name};
pub use github::GitHub;
pub use mac::keyed_hash;
pub use receiver::{IncomingWebhook, LARGEST_BODY, NotReceived, Receiver};
pub use refusal::Refusal;
pub use scheme::{Scheme, TOLERANCE, Verified, fetched, verify};
pub use senders::{InvalidSenders, Senders, Topic, event_of, sender_of};
pub use shopify::Shopify;
pub use standard::StandardWebhooks;
pub use stripe::Stripe;
