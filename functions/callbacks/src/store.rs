//! The items of this service: where they stand, and the one way in which they change.

use event_store::{Document, Documents, Key, StoreError};
use resilience::{BackOff, Clock, RandomJitter};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a change is decided anew before it is given up for now.
const TRIES: u32 = 12;

/// The partition of all endpoints: fifty at most, read as a whole for each event.
pub(crate) const ENDPOINTS: &str = "endpoints";

pub(crate) fn endpoint_key(endpoint: &str) -> Key {
    Key::new(ENDPOINTS, format!("endpoint#{endpoint}"))
}

pub(crate) fn health_key(endpoint: &str) -> Key {
    Key::new(format!("endpoint#{endpoint}"), "health")
}

pub(crate) fn delivery_key(endpoint: &str, delivery: &str) -> Key {
    Key::new(format!("endpoint#{endpoint}"), format!("delivery#{delivery}"))
}

/// Something that stands in the table.
pub(crate) trait Item: Serialize + DeserializeOwned + Send + Sync {
    /// Its document, with the attributes of its indexes and when it may be forgotten.
    fn document(&self) -> Document;
}

/// What came of a change.
pub(crate) enum Changed<T> {
    /// It was written.
    Written(T),
    /// There was nothing to do; what stands there, if anything does.
    Left(Option<T>),
}

impl<T> Changed<T> {
    /// What stands there now.
    pub(crate) fn now(self) -> Option<T> {
        match self {
            Self::Written(item) => Some(item),
            Self::Left(item) => item,
        }
    }
}

/// Reads an item.
pub(crate) async fn read<T: Item>(documents: &dyn Documents, key: &Key) -> Result<Option<T>, StoreError> {
    documents.get(key).await?.map(|document| document.read(key)).transpose()
}

/// Reads an item, decides, and writes what was decided if nobody was first; else decides again on what is there then.
///
/// `decide` is pure, and says `None` when there is nothing to do or it has been done: that makes a repeat harmless.
/// Each write raises the version by one, so of two writers who read the same version one is refused.
pub(crate) async fn change<T: Item, E: From<StoreError>>(
    documents: &dyn Documents,
    clock: &dyn Clock,
    key: &Key,
    decide: impl Fn(Option<&T>) -> Result<Option<T>, E> + Send + Sync,
) -> Result<Changed<T>, E> {
    for attempt in 1..=TRIES {
        let stored = documents.get(key).await?;
        let version = stored.as_ref().map_or(0, |document| document.version);
        let there: Option<T> = stored.map(|document| document.read(key)).transpose()?;
        let Some(wanted) = decide(there.as_ref())? else { return Ok(Changed::Left(there)) };
        if documents.put_newer(key, &wanted.document().versioned(version + 1)).await? {
            return Ok(Changed::Written(wanted));
        }
        clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
    }
    Err(StoreError::Unavailable(format!("others were first at {key} {TRIES} times")).into())
}
