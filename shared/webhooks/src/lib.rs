//! Webhooks: what a sender signed is told from what anybody sent, and kept until a stream reader applies it.
//!
//! Each sender's rules are a [`Scheme`] in a file of its own, `sign` beside `verify`. [`verify`] is the way
//! to a [`Verified`] ([`fetched`] is for what we asked the sender for ourselves), and [`inbox::keep`] takes nothing else: what is not proven cannot be stored. Bodies are
//! judged as the exact bytes that came; nothing is parsed before it is verified. [`Receiver`] is that way as every
//! receiver walks it.

mod easypost;
mod github;
pub mod inbox;
mod mac;
mod receiver;
mod refusal;
mod scheme;
mod senders;
mod shopify;
mod standard;
mod stripe;

pub use easypost::EasyPost;
pub use github::GitHub;
pub use receiver::{EventName, IncomingWebhook, LARGEST_BODY, NotReceived, Receiver, is_name};
pub use refusal::Refusal;
pub use scheme::{Scheme, TOLERANCE, Verified, fetched, verify};
pub use senders::{InvalidSenders, Senders, Topic, event_of, sender_of};
pub use shopify::Shopify;
pub use standard::StandardWebhooks;
pub use stripe::Stripe;
