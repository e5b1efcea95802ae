//! Payments: the money of an order.
//!
//! Owns the payment of each order, its refund ledger, the inbox of the payment providers and the state of Stripe's
//! [`Breaker`](outbound::Breaker). Emits [`PaymentsEvent`]s. Reacts to events of orders, inventory and shipping and to
//! its own requests ([`TakePayment`]); to what providers report ([`StripeWebhook`] keeps it, [`ReconcileStripe`] fetches what
//! was not delivered, [`ApplyStripeEvent`] applies it); to operators' requests ([`RequestRefund`]). Shows a payment to its
//! owner ([`GetPayment`]).
//!
//! [`TakePayment`] is the only step that calls Stripe to move money, and it does so only for a request that is in the
//! stream. Everything else appends.
//!
//! [`PaymentsEvent`]: events::PaymentsEvent

mod apply;
mod get;
mod ledger;
mod payment;
mod provider;
mod request_refund;
mod take;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use apply::ApplyStripeEvent;
pub use get::GetPayment;
pub use ledger::{Dispute, Ledger, Refund, Settled};
pub use payment::{Payment, Stage};
pub use provider::stripe::{Reconcile, ReconcileStripe, Stripe, StripeWebhook};
pub use request_refund::RequestRefund;
pub use take::TakePayment;
