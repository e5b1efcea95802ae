//! Which order a tracking code belongs to.
//!
//! The map is `tracking#<carrier>#<code>` / `order`, written before the first event that names the code. A report that
//! arrives before the map is parked in the same partition, and the reader of that event drains it (see
//! [`webhooks::inbox::reader`]). Older versions kept a code's hyphens in the key, and knew no other names of a carrier:
//! what they stored is read too.

use crate::Shipment;
use crate::carrier::Parcel;
use event_store::{Document, Documents, EventStore, Key, StoreError, StreamId};
use events::OrderId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Owner {
    order_id: OrderId,
}

const SORT_KEY: &str = "order";

/// How long the tombstone of a code stays: as long as a webhook that names it.
const TOMBSTONE_STAYS: SignedDuration = SignedDuration::from_hours(30 * 24);

fn map_key(parcel: &Parcel) -> Key {
    Key::new(parcel.partition(), SORT_KEY)
}

/// The order of a map item; `None` if the order was erased.
fn owner(key: &Key, document: &Document) -> Result<Option<OrderId>, StoreError> {
    if document.is_erased() {
        return Ok(None);
    }
    document.read::<Owner>(key).map(|owner| Some(owner.order_id))
}

/// The order of the parcel's code.
pub(crate) async fn order_of(
    documents: &dyn Documents,
    parcel: &Parcel,
) -> Result<Option<OrderId>, StoreError> {
    let key = map_key(parcel);
    match documents.get(&key).await? {
        Some(document) => owner(&key, &document),
        None => older_order_of(documents, parcel).await,
    }
}

/// Whether the parcel's order was erased: nothing waits for a report on it.
pub(crate) async fn is_forgotten(documents: &dyn Documents, parcel: &Parcel) -> Result<bool, StoreError> {
    Ok(documents.get(&map_key(parcel)).await?.is_some_and(|document| document.is_erased()))
}

/// The order that an older version mapped, under a key with the code as it is spelled here.
async fn older_order_of(documents: &dyn Documents, parcel: &Parcel) -> Result<Option<OrderId>, StoreError> {
    for partition in parcel.older_partitions() {
        let key = Key::new(partition, SORT_KEY);
        if let Some(document) = documents.get(&key).await? {
            return owner(&key, &document);
        }
    }
    Ok(None)
}

/// Maps a code that the carrier issued for the order, over an older order: carriers reuse codes after years.
pub(crate) async fn map(
    documents: &dyn Documents,
    parcel: &Parcel,
    order: &OrderId,
) -> Result<(), StoreError> {
    documents.put(&map_key(parcel), &Document::of(&Owner { order_id: order.clone() })).await
}

/// Maps a code that the warehouse typed. `false` if another order has it.
///
/// A dispatch that loses against a cancellation, or crashes, leaves its code mapped, and a parcel that arrived leaves it
/// mapped too. So an order may take the code over if the shipment of the current order does not use it any more. The
/// document's version lets one of several concurrent takeovers win.
pub(crate) async fn claim(
    documents: &dyn Documents,
    store: &dyn EventStore,
    parcel: &Parcel,
    order: &OrderId,
) -> Result<bool, StoreError> {
    let (key, ours) = (map_key(parcel), Document::of(&Owner { order_id: order.clone() }));
    let Some(found) = documents.get(&key).await? else {
        let found = older_order_of(documents, parcel).await?;
        if let Some(holder) = found.filter(|holder| holder != order)
            && is_used(store, &holder, parcel).await?
        {
            return Ok(false);
        }
        if documents.put_new(&key, &ours).await? {
            return Ok(true);
        }
        // A concurrent dispatch was faster: of this order, or of another one that may use the code.
        return Ok(order_of(documents, parcel).await?.as_ref() == Some(order));
    };
    if let Some(holder) = owner(&key, &found)? {
        if holder == *order {
            return Ok(true);
        }
        if is_used(store, &holder, parcel).await? {
            return Ok(false);
        }
    }
    documents.put_newer(&key, &ours.versioned(found.version + 1)).await
}

/// Replaces the order's map item in this partition by a tombstone, which expires: the code is in its key. An item that another
/// order has or takes over meanwhile stays.
pub(crate) async fn forget(
    documents: &dyn Documents,
    partition: &str,
    order: &OrderId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = Key::new(partition, SORT_KEY);
    let Some(found) = documents.get(&key).await? else { return Ok(()) };
    if owner(&key, &found)?.as_ref() == Some(order) {
        let until = now.saturating_add(TOMBSTONE_STAYS).unwrap_or(Timestamp::MAX);
        let tombstone = Document::erased().versioned(found.version + 1).until(until);
        documents.put_newer(&key, &tombstone).await?;
    }
    Ok(())
}

async fn is_used(store: &dyn EventStore, holder: &OrderId, parcel: &Parcel) -> Result<bool, StoreError> {
    Ok(store.history::<Shipment>(&StreamId::order(holder)).await?.state.may_use(parcel))
}
