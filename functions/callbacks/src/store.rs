//! The documents of this service: their keys, and the one function that changes them.

use event_store::{Document, Documents, Key, StoreError};
use resilience::{BackOff, Clock, RandomJitter};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often an update is decided again after a concurrent write.
const TRIES: u32 = 12;

/// The partition of all endpoints. It holds at most 50, and is read as a whole for each event.
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

/// A document of this service.
pub(crate) trait Item: Serialize + DeserializeOwned + Send + Sync {
    /// The document, with its index attributes and its expiry.
    fn document(&self) -> Document;
}

/// The result of an update.
pub(crate) enum Changed<T> {
    /// The new document was written.
    Written(T),
    /// No change was needed. Holds the stored document, if one exists.
    NotNeeded(Option<T>),
}

impl<T> Changed<T> {
    /// The stored document after the update.
    pub(crate) fn stored(self) -> Option<T> {
        match self {
            Self::Written(item) => Some(item),
            Self::NotNeeded(item) => item,
        }
    }
}

/// Reads a document.
pub(crate) async fn read<T: Item>(documents: &dyn Documents, key: &Key) -> Result<Option<T>, StoreError> {
    documents.get(key).await?.map(|document| document.read(key)).transpose()
}

/// Reads a document, decides, and writes the new one on the condition that the version is unchanged (optimistic
/// concurrency). After a concurrent write it reads and decides again.
///
/// `decide` is pure. It returns `None` if no change is needed, which makes a duplicate request harmless.
pub(crate) async fn change<T: Item, E: From<StoreError>>(
    documents: &dyn Documents,
    clock: &dyn Clock,
    key: &Key,
    decide: impl Fn(Option<&T>) -> Result<Option<T>, E> + Send + Sync,
) -> Result<Changed<T>, E> {
    for attempt in 1..=TRIES {
        let stored = documents.get(key).await?;
        let version = stored.as_ref().map_or(0, |document| document.version);
        let current: Option<T> = stored.map(|document| document.read(key)).transpose()?;
        let Some(new) = decide(current.as_ref())? else { return Ok(Changed::NotNeeded(current)) };
        if documents.put_newer(key, &new.document().versioned(version + 1)).await? {
            return Ok(Changed::Written(new));
        }
        clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
    }
    Err(StoreError::Unavailable(format!("{TRIES} concurrent writes at {key}; try again")).into())
}
