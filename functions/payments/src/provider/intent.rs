//! The id of what an order is paid through, and what is stored under it.
//!
//! Events and keys hold it as text: `pi_…` for a payment intent at Stripe, `elsewhere:<sender>:<order id>` for an offline
//! payment. It is parsed where it enters (an API answer, a webhook, an event that is read back) and typed everywhere else, so
//! that each step decides for every provider what to do.

use super::offline::OfflinePayment;
use super::stripe;
use event_store::{Document, Documents, Key, StoreError};
use events::OrderId;
use resilience::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IntentId {
    /// A payment intent at Stripe.
    Stripe(String),
    /// Money that another system reports.
    Offline(OfflinePayment),
}

/// The text is no intent id of any provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an intent id is pi_… or elsewhere:<sender>:<order id>")]
pub(crate) struct InvalidIntentId;

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stripe(id) => f.write_str(id),
            Self::Offline(payment) => write!(f, "{payment}"),
        }
    }
}

impl TryFrom<&str> for IntentId {
    type Error = InvalidIntentId;

    fn try_from(text: &str) -> Result<Self, InvalidIntentId> {
        if let Some(payment) = OfflinePayment::parse(text) {
            Ok(Self::Offline(payment))
        } else if stripe::is_intent_id(text) {
            Ok(Self::Stripe(text.to_owned()))
        } else {
            Err(InvalidIntentId)
        }
    }
}

/// Which order an intent belongs to.
#[derive(Debug, Serialize, Deserialize)]
struct OrderOfIntent {
    order_id: OrderId,
}

impl IntentId {
    /// Parses the id that an event holds; `place` is that event or its stream. Reject: it is unreadable.
    pub(crate) fn recorded(text: &str, place: impl fmt::Display) -> Result<Self, Failure> {
        Self::try_from(text).map_err(|error| {
            Failure::reject(format!("{place}: the recorded intent id is unreadable: {error}"))
        })
    }

    /// Whether an event that holds `text` means this intent.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.to_string() == text
    }

    /// The partition of the intent's map item and of the webhooks that are parked until its order is known.
    pub(crate) fn partition(&self) -> String {
        format!("intent#{self}")
    }

    fn map_key(&self) -> Key {
        Key::new(self.partition(), "order")
    }

    /// Stores which order the intent belongs to. Written before the event that names the intent; an orphan is harmless.
    pub(crate) async fn map_to(&self, documents: &dyn Documents, order: &OrderId) -> Result<(), StoreError> {
        let map = OrderOfIntent { order_id: order.clone() };
        documents.put(&self.map_key(), &Document::of(&map)).await
    }

    /// The order that the intent was mapped to.
    pub(crate) async fn order(&self, documents: &dyn Documents) -> Result<Option<OrderId>, StoreError> {
        let key = self.map_key();
        let Some(document) = documents.get(&key).await? else { return Ok(None) };
        let map: OrderOfIntent = document.read(&key)?;
        Ok(Some(map.order_id))
    }
}

#[cfg(test)]
mod tests;
