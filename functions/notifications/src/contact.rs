//! The copy of what `OrderPlaced` says about reaching the customer. Personal: it can be deleted, no event can.

use event_store::Key;
use events::{Amount, Currency, OrderId, OrderPlaced};
use serde::{Deserialize, Serialize};

pub(crate) const SORT_KEY: &str = "contact";

/// How to reach the customer of one order, and what texts need to know of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContactCopy {
    pub(crate) email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    /// ISO 3166-1 alpha-2, of the shipping address.
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

/// The partition of all that is kept about an order.
pub(crate) fn partition(order: &OrderId) -> String {
    format!("order#{order}")
}

pub(crate) fn key(order: &OrderId) -> Key {
    Key::new(partition(order), SORT_KEY)
}
