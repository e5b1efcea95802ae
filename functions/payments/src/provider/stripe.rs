//! Stripe: the calls ([`client`]), the shapes of its answers and events ([`payload`]), what they mean here ([`translate`]), and
//! how its events reach the inbox: by webhook ([`StripeWebhook`]), or fetched ([`ReconcileStripe`]). Amounts are converted at this
//! edge ([`units`]).
//!
//! Nothing outside this module uses Stripe's field names, statuses or event types.

mod choice;
mod client;
mod key;
mod payload;
mod reconcile;
mod translate;
mod units;
mod version;
mod webhook;

pub use client::Stripe;
#[cfg(test)]
pub(crate) use key::ExpectedAccount;
pub use reconcile::{Reconcile, ReconcileStripe};
pub(crate) use translate::{Reported, parse};
pub use webhook::StripeWebhook;

/// The source of the inbox's items, and the kind of the causes that webhooks are.
pub(crate) const SOURCE: &str = "stripe";

/// The longest id of an object, in bytes, as Stripe documents it.
const LONGEST_ID: usize = 255;

/// Whether the text is the id of a payment intent.
pub(crate) fn is_intent_id(text: &str) -> bool {
    let is_word = |rest: &str| rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    text.len() <= LONGEST_ID && text.strip_prefix("pi_").is_some_and(|rest| !rest.is_empty() && is_word(rest))
}
