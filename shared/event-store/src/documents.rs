//! The port to what stands beside the events: maps, copies of others' facts, inbox items, notices.

use crate::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key, for example `sku#TEA-01`.
    pub pk: String,
    /// Sort key, for example `price`.
    pub sk: String,
}

impl Key {
    /// A key of the two parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.pk, self.sk)
    }
}

/// A document: JSON, a version that orders its writes, and when it may be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its content.
    pub body: serde_json::Value,
    /// The sequence of the event it was made from; 0 where nothing orders its writes.
    pub version: u64,
    /// The table forgets it some time after this moment.
    pub expires_at: Option<Timestamp>,
    /// Further text attributes, for indexes to sort and partition by.
    pub attributes: Vec<(&'static str, String)>,
}

impl Document {
    /// A document of `body` that is kept for good.
    pub fn of(body: &impl Serialize) -> Self {
        // Our own structs hold nothing that JSON cannot.
        let body = serde_json::to_value(body).unwrap_or_default();
        Self { body, version: 0, expires_at: None, attributes: Vec::new() }
    }

    /// The same, made from the event at this sequence.
    #[must_use]
    pub fn versioned(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// The same, forgotten after `moment`.
    #[must_use]
    pub fn until(mut self, moment: Timestamp) -> Self {
        self.expires_at = Some(moment);
        self
    }

    /// The same, with a text attribute for an index.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Reads the content.
    pub fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<T, StoreError> {
        T::deserialize(&self.body).map_err(|error| StoreError::Corrupt {
            pk: key.pk.clone(),
            sk: key.sk.clone(),
            attribute: "document",
            reason: format!("{:?}", error.classify()),
        })
    }
}

/// The documents of one table. Reads are strongly consistent. Absence is `Ok(None)`.
#[async_trait]
pub trait Documents: Send + Sync {
    /// One document.
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError>;

    /// Several documents, in any order, without those that are not there. At most 100 keys, all different.
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError>;

    /// Writes, whatever stood there.
    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError>;

    /// Writes if nothing stands there. `false`: something does, and it was left alone.
    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError>;

    /// Writes if nothing stands there or what stands there has a smaller version. `false`: it was not newer.
    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError>;

    /// The documents of a partition whose sort key begins with `prefix`, by sort key.
    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError>;

    /// Takes a document away. Nothing there is no error.
    async fn delete(&self, key: &Key) -> Result<(), StoreError>;
}
