//! Which order a tracking code belongs to.
//!
//! The map is `tracking#<carrier>#<code>` / `order`, written before the first event that names the code. A report that
//! arrives before the map is parked in the same partition, and the reader of that event drains it (see
//! [`webhooks::inbox::reader`]).

use crate::Shipment;
use crate::carrier::Parcel;
use event_store::{Document, Documents, EventStore, Key, StoreError, StreamId};
use events::OrderId;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Owner {
    order_id: OrderId,
}

fn map_key(parcel: &Parcel) -> Key {
    Key::new(parcel.partition(), "order")
}

/// The order of the parcel's code.
pub(crate) async fn order_of(
    documents: &dyn Documents,
    parcel: &Parcel,
) -> Result<Option<OrderId>, StoreError> {
    let key = map_key(parcel);
    let found = documents.get(&key).await?;
    found.map(|document| Ok(document.read::<Owner>(&key)?.order_id)).transpose()
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
/// A dispatch that loses against a cancellation, or crashes, leaves its code mapped. So an order may take the code over if
/// the shipment of the current order cannot use it any more. The document's version lets one of several concurrent
/// takeovers win.
pub(crate) async fn claim(
    documents: &dyn Documents,
    store: &dyn EventStore,
    parcel: &Parcel,
    order: &OrderId,
) -> Result<bool, StoreError> {
    let (key, ours) = (map_key(parcel), Document::of(&Owner { order_id: order.clone() }));
    if documents.put_new(&key, &ours).await? {
        return Ok(true);
    }
    let Some(found) = documents.get(&key).await? else { return Ok(false) };
    let holder = found.read::<Owner>(&key)?.order_id;
    if holder == *order {
        return Ok(true);
    }
    if store.history::<Shipment>(&StreamId::order(&holder)).await?.state.may_use(parcel) {
        return Ok(false);
    }
    documents.put_newer(&key, &ours.versioned(found.version + 1)).await
}
