//! The list of shipments that the warehouse has to pack, kept as documents instead of an index.
//!
//! An entry is written *before* `ShipmentRequested`. The message of the event that ends the packing removes it:
//! `Shipped` (`apply-carrier-event`), `ShipmentCancelled` or `ShippingFailed` (`ship-order`). Messages are delivered at
//! least once, so no entry remains. An entry is only a candidate, because the shipment's stream shows whether it is
//! open. So an entry that is written too early or removed too late is harmless.
//!
//! The keys are `shipments#open#<digit>` / `order#<id>`. Order ids are hashes, so their first digit spreads the list
//! evenly over 16 partitions.

use event_store::{Document, Documents, Key, StoreError};
use events::OrderId;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An order whose shipment may be open. Sorts by age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    /// When the entry was written, in milliseconds since 1970.
    pub(crate) since: i64,
    /// The order.
    pub(crate) order: OrderId,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    since: Timestamp,
}

fn partition(digit: char) -> String {
    format!("shipments#open#{digit}")
}

fn key(order: &OrderId) -> Key {
    let digit = order.as_str().chars().next().unwrap_or('0');
    Key::new(partition(digit), format!("order#{order}"))
}

/// Adds the order to the list.
pub(crate) async fn add(
    documents: &dyn Documents,
    order: &OrderId,
    now: Timestamp,
) -> Result<(), StoreError> {
    documents.put(&key(order), &Document::of(&Entry { since: now })).await
}

/// Removes the order from the list.
pub(crate) async fn remove(documents: &dyn Documents, order: &OrderId) -> Result<(), StoreError> {
    documents.delete(&key(order)).await
}

/// All entries, oldest first.
pub(crate) async fn candidates(documents: &dyn Documents) -> Result<Vec<Candidate>, StoreError> {
    let partitions: Vec<String> = "0123456789abcdef".chars().map(partition).collect();
    let parts = try_join_all(partitions.iter().map(|partition| documents.list(partition, "order#"))).await?;
    let mut found = parts
        .into_iter()
        .flatten()
        .map(|(key, document)| read(&key, &document))
        .collect::<Result<Vec<_>, _>>()?;
    found.sort();
    Ok(found)
}

fn read(key: &Key, document: &Document) -> Result<Candidate, StoreError> {
    let entry: Entry = document.read(key)?;
    let id = key.sk.trim_start_matches("order#");
    let order = OrderId::try_from(id).map_err(|error| StoreError::Corrupt {
        pk: key.pk.clone(),
        sk: key.sk.clone(),
        attribute: "sk",
        reason: error.to_string(),
    })?;
    Ok(Candidate { since: entry.since.as_millisecond(), order })
}
