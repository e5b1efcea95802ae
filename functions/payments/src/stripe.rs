//! Stripe: the calls ([`client`]), what it answers and sends ([`payload`]), and what that means here ([`translate`]).

mod client;
mod payload;
mod translate;

pub use client::Stripe;
pub(crate) use client::{IdempotencyKey, IntentDraft, RefundDraft, StripeError};
pub(crate) use payload::{Event, Refund};
#[cfg(test)]
pub(crate) use translate::MEANINGFUL;
pub(crate) use translate::{About, Fact, IntentNews, News};
