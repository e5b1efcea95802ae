//! The list of shipments that somebody has to pack, without an index.
//!
//! An entry is put plainly *before* `ShipmentRequested`, and taken away by the message of the event that ends the
//! packing: `Shipped` (`apply-carrier-event`), `ShipmentCancelled` or `ShippingFailed` (`ship-order`). Those come at
//! least once, so no entry stays. An entry is only a candidate: whether its shipment is open is read from its
//! stream, so one that is there too early or too long is harmless.
//!
//! Order ids are hashes, so their first digit spreads the list evenly over 16 partitions:
//! `shipments#open#<digit>` / `order#<id>`.

use event_store::{Document, Documents, Key, StoreError};
use events::OrderId;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An order whose shipment may be open, and since when. Sorts by age.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    /// When the entry was made, in whole milliseconds.
    pub(crate) since: i64,
    /// Whose shipment.
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

/// Lists the order.
pub(crate) async fn add(
    documents: &dyn Documents,
    order: &OrderId,
    now: Timestamp,
) -> Result<(), StoreError> {
    documents.put(&key(order), &Document::of(&Entry { since: now })).await
}

/// Takes the order off the list.
pub(crate) async fn remove(documents: &dyn Documents, order: &OrderId) -> Result<(), StoreError> {
    documents.delete(&key(order)).await
}

/// Everything on the list, oldest first.
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
