//! The port to documents, the items of a table that are not events: maps, copies of other services' facts, inbox items,
//! notices.

use crate::StoreError;
use async_trait::async_trait;
use events::Data;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key, for example `sku#TEA-01`.
    pub pk: String,
    /// Sort key, for example `price`.
    pub sk: String,
}

impl Key {
    /// A key made of its two parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.pk, self.sk)
    }
}

/// A document: JSON, a version that orders its writes, and an expiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The content.
    pub body: Data,
    /// The sequence of the event that the document was made from; 0 if nothing orders its writes.
    pub version: u64,
    /// The table deletes the document some time after this moment; `None`: it is kept permanently.
    pub expires_at: Option<Timestamp>,
    /// Further text attributes, by which indexes partition and sort. A read need not return them.
    pub attributes: Vec<(&'static str, String)>,
}

impl Document {
    /// A document of `body` without version, expiry or attributes.
    pub fn of(body: &impl Serialize) -> Self {
        // Our structs have only string keys and no fallible serializer, so writing them as JSON cannot fail.
        let body = serde_json::to_value(body).unwrap_or_default();
        Self { body: body.into(), version: 0, expires_at: None, attributes: Vec::new() }
    }

    /// Sets the version: the sequence of the event that the document is made from.
    #[must_use]
    pub fn versioned(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    /// Sets the expiry.
    #[must_use]
    pub fn until(mut self, moment: Timestamp) -> Self {
        self.expires_at = Some(moment);
        self
    }

    /// Whether its expiry has passed. The table may still hold it.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Adds a text attribute for an index.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Parses the content.
    pub fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<T, StoreError> {
        json::from_value(&self.body).map_err(|error| StoreError::Corrupt {
            pk: key.pk.clone(),
            sk: key.sk.clone(),
            attribute: "document",
            reason: error.to_string(),
        })
    }
}

/// The documents of one table. Reads are strongly consistent.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Reads one document; `None` if the key is free.
    async fn get(&self, key: &Key) -> Result<Option<Document>, StoreError>;

    /// Reads several documents. Free keys are left out, and the order is arbitrary. At most 100 keys, all different.
    async fn get_many(&self, keys: &[Key]) -> Result<Vec<(Key, Document)>, StoreError>;

    /// Writes the document and replaces any other at the key.
    async fn put(&self, key: &Key, document: &Document) -> Result<(), StoreError>;

    /// Writes the document if the key is free. `false`: it is taken, and nothing was written.
    async fn put_new(&self, key: &Key, document: &Document) -> Result<bool, StoreError>;

    /// Writes the document if the key is free or holds a smaller version. `false`: it holds an equal or larger one, and
    /// nothing was written.
    async fn put_newer(&self, key: &Key, document: &Document) -> Result<bool, StoreError>;

    /// Reads the documents of a partition whose sort key begins with `prefix`, ordered by sort key.
    async fn list(&self, pk: &str, prefix: &str) -> Result<Vec<(Key, Document)>, StoreError>;

    /// Deletes the document. A free key is no error.
    async fn delete(&self, key: &Key) -> Result<(), StoreError>;
}
