//! Which order a tracking code belongs to, and what carriers said of codes that nobody knows yet.
//!
//! The map stands at `tracking#<carrier>#<code>` / `order` and is put before the event that first speaks of the
//! code. A webhook whose code has no map is parked beside it, and the map is read again; the reader of that event
//! drains what is parked. Both sides write and then read, so neither can miss the other.

use crate::Shipment;
use crate::carrier::{Parcel, easypost};
use event_store::{Document, Documents, EventStore, Key, StoreError, StreamId};
use events::OrderId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// As long as the inbox item that it came from.
const PARKED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Serialize, Deserialize)]
struct Owner {
    order_id: OrderId,
}

/// A webhook that waits for its order: which item of the inbox it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Parked {
    /// The sender's id of the webhook's event.
    pub(crate) event_id: String,
    /// Whose webhook it is; those of before there were several are EasyPost's.
    #[serde(default = "of_easypost")]
    pub(crate) source: String,
}

fn of_easypost() -> String {
    easypost::SOURCE.to_owned()
}

fn map_key(parcel: &Parcel) -> Key {
    Key::new(parcel.partition(), "order")
}

/// The order that the code belongs to.
pub(crate) async fn order_of(
    documents: &dyn Documents,
    parcel: &Parcel,
) -> Result<Option<OrderId>, StoreError> {
    let key = map_key(parcel);
    let found = documents.get(&key).await?;
    found.map(|document| Ok(document.read::<Owner>(&key)?.order_id)).transpose()
}

/// Maps a code that the carrier itself issued for the order. Carriers use codes again after years, and the
/// newest owner is the right one.
pub(crate) async fn map(
    documents: &dyn Documents,
    parcel: &Parcel,
    order: &OrderId,
) -> Result<(), StoreError> {
    documents.put(&map_key(parcel), &Document::of(&Owner { order_id: order.clone() })).await
}

/// Maps a code that a person typed, unless it belongs to another order: then `false`.
///
/// The code of a dispatch that lost, against a cancellation or its own crash, stays mapped. So the shipment that holds
/// it is asked whether it may have a use for it. Of several that then take it over, the version lets one win.
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

/// Parks a webhook that speaks of a code that no order has.
pub(crate) async fn park(
    documents: &dyn Documents,
    parcel: &Parcel,
    parked: &Parked,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = Key::new(parcel.partition(), format!("parked#{}", parked.event_id));
    let until = now.saturating_add(PARKED_FOR).unwrap_or(Timestamp::MAX);
    documents.put(&key, &Document::of(parked).until(until)).await
}

/// What is parked under the parcel's code.
pub(crate) async fn parked(documents: &dyn Documents, parcel: &Parcel) -> Result<Vec<Parked>, StoreError> {
    let found = documents.list(&parcel.partition(), "parked#").await?;
    found.iter().map(|(key, document)| document.read(key)).collect()
}
