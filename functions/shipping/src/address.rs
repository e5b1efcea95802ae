//! Shipping's own copy of where an order goes: `order#<id>` / `address`. Personal, and no event: it can be deleted.

use event_store::{Document, Documents, Key, StoreError};
use events::{OrderId, OrderPlaced, ShippingAddress};
use serde::{Deserialize, Serialize};

/// Where it goes, and the telephone number that carriers ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Destination {
    /// The address.
    pub(crate) address: ShippingAddress,
    /// In E.164 form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
}

fn key(order: &OrderId) -> Key {
    Key::new(format!("order#{order}"), "address")
}

/// Keeps the copy, whatever stood there: a replay after a customer's erasure must overwrite it.
pub(crate) async fn keep(
    documents: &dyn Documents,
    order: &OrderId,
    placed: &OrderPlaced,
) -> Result<(), StoreError> {
    let copy = Destination { address: placed.shipping_address.clone(), phone: placed.contact.phone.clone() };
    documents.put(&key(order), &Document::of(&copy)).await
}

/// The copy, if it has arrived and was not erased.
pub(crate) async fn of(
    documents: &dyn Documents,
    order: &OrderId,
) -> Result<Option<Destination>, StoreError> {
    let key = key(order);
    documents.get(&key).await?.map(|document| document.read(&key)).transpose()
}
