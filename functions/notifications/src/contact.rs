//! A copy of the contact data in `OrderPlaced`. It is personal data, kept in a document because events cannot be deleted.

use event_store::Key;
use events::{Amount, Currency, OrderId, OrderPlaced};
use serde::{Deserialize, Serialize};

pub(crate) const SORT_KEY: &str = "contact";

/// The customer's contact of one order, with the facts that every message needs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContactCopy {
    pub(crate) email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    /// The country of the shipping address, ISO 3166-1 alpha-2. Nothing reads it; an older build needs it during a rollout.
    pub(crate) country: String,
    pub(crate) total: Amount,
    pub(crate) currency: Currency,
}

impl ContactCopy {
    pub(crate) fn of(placed: &OrderPlaced) -> Self {
        Self {
            email: placed.contact.email.clone(),
            phone: placed.contact.phone.clone(),
            country: placed.shipping_address.country.clone(),
            total: placed.total,
            currency: placed.currency,
        }
    }
}

/// The partition key of an order's documents.
pub(crate) fn partition(order: &OrderId) -> String {
    format!("order#{order}")
}

pub(crate) fn key(order: &OrderId) -> Key {
    Key::new(partition(order), SORT_KEY)
}
