//! Shipping's own copy of an order's address: `order#<id>` / `address`. It is personal, so it is a document that can be
//! erased, and not an event.

use event_store::{Document, Documents, Key, StoreError};
use events::{OrderId, OrderPlaced, ShippingAddress};
use serde::{Deserialize, Serialize};

/// The address, and the phone number that carriers require.
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

/// Stores the copy, if the order has none. An erased one stays: the check is the condition of the write itself.
pub(crate) async fn store(
    documents: &dyn Documents,
    order: &OrderId,
    placed: &OrderPlaced,
) -> Result<(), StoreError> {
    let copy = Destination { address: placed.shipping_address.clone(), phone: placed.contact.phone.clone() };
    documents.put_new(&key(order), &Document::of(&copy)).await.map(drop)
}

/// Leaves a tombstone at the key of the copy, whether one has arrived or not.
pub(crate) async fn erase(documents: &dyn Documents, order: &OrderId) -> Result<(), StoreError> {
    documents.put(&key(order), &Document::erased()).await
}

/// The copy. `None` if it has not arrived yet or was erased.
pub(crate) async fn of(
    documents: &dyn Documents,
    order: &OrderId,
) -> Result<Option<Destination>, StoreError> {
    let key = key(order);
    let copy = documents.get(&key).await?.filter(|document| !document.is_erased());
    copy.map(|document| document.read(&key)).transpose()
}
