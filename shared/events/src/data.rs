//! The fields of an event, or the content of a document, as shared JSON. Both are cloned often and never changed, so a clone
//! copies a pointer only.

use json::JsonError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// The fields of an event, or the content of a document. Dereferences to a [`Value`].
#[derive(Clone)]
pub struct Data(Arc<Fields>);

struct Fields {
    value: Value,
    /// What was read from the value. A value never changes, so it is read once.
    read: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Data {
    /// Reads the value as a type. If the value is shared, what was read is kept, because it will be read again: a table in memory
    /// shares its values, and its streams are folded again and again. A function has values of its own and reads them once.
    pub(crate) fn read<T: DeserializeOwned + Clone + Send + Sync + 'static>(&self) -> Result<T, JsonError> {
        if let Some(kept) = self.0.read.get().and_then(|kept| kept.downcast_ref::<T>()) {
            return Ok(kept.clone());
        }
        let read: T = json::from_value(&self.0.value)?;
        if Arc::strong_count(&self.0) > 1 {
            self.0.read.get_or_init(|| Box::new(read.clone()));
        }
        Ok(read)
    }
}

impl From<Value> for Data {
    fn from(value: Value) -> Self {
        Self(Arc::new(Fields { value, read: OnceLock::new() }))
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.0.value == other.0.value
    }
}

impl Eq for Data {}

impl Deref for Data {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0.value
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Data").field(&self.0.value).finish()
    }
}

/// Writes the value as JSON.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value.fmt(f)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}
