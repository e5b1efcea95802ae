//! Payments: the money of an order.
//!
//! Owns the payment of each order, its refund ledger, the Stripe inbox and the state of Stripe's
//! [`Breaker`](outbound::Breaker). Says [`PaymentsEvent`]s. Reacts to
//! what orders, inventory and shipping say, and to its own requests ([`TakePayment`]); to what Stripe reports
//! ([`StripeWebhook`] keeps it, [`ReconcileStripe`] asks for what did not come, [`ApplyStripeEvent`] applies it, and what
//! other systems report as well); to the shop's own wish ([`RequestRefund`]); and shows a payment to its owner ([`GetPayment`]).
//!
//! [`TakePayment`] is the only step that calls Stripe to move money, and it does so only for a request that stands
//! in the stream. Everything else appends.
//!
//! [`PaymentsEvent`]: events::PaymentsEvent

mod apply;
mod elsewhere;
mod get;
mod ledger;
mod payment;
mod reconcile;
mod request;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod simulation;
mod stripe;
mod take;
#[cfg(test)]
mod testing;
mod webhook;

pub use apply::ApplyStripeEvent;
pub use get::GetPayment;
pub use ledger::{Dispute, Ledger, Refund, Settled};
pub use payment::{Capture, DisputeReport, NotRefunded, Payment, RefundReport, Stage};
pub use reconcile::{Reconcile, ReconcileStripe};
pub use request::RequestRefund;
pub use stripe::Stripe;
pub use take::TakePayment;
pub use webhook::StripeWebhook;

use event_store::Key;
use events::OrderId;
use serde::{Deserialize, Serialize};

/// The source of the inbox's items and the kind of the causes that webhooks are.
const SOURCE: &str = "stripe";

/// The partition of what is known about a provider's intent: its order, and the webhooks that wait for it.
fn intent_partition(intent_id: &str) -> String {
    format!("intent#{intent_id}")
}

/// Where the order of an intent stands. Put before the event that names the intent; an orphan is harmless.
fn order_of_intent(intent_id: &str) -> Key {
    Key::new(intent_partition(intent_id), "order")
}

/// Which order an intent belongs to.
#[derive(Debug, Serialize, Deserialize)]
struct OrderOfIntent {
    order_id: OrderId,
}
