//! The twins of the store of batches, and of functions that are invoked by their name.

use crate::held::held;
use async_trait::async_trait;
use outbound::{BatchError, BatchStore, Functions, NotAnswered, StoredBatch};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store of batches in memory.
#[derive(Debug, Default)]
pub struct MemoryBatches(Mutex<BTreeMap<(String, String), String>>);

impl MemoryBatches {
    /// Stores a batch.
    pub fn put(&self, batch: &StoredBatch, text: &str) {
        held(&self.0).insert((batch.bucket.clone(), batch.object.clone()), text.to_owned());
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        held(&self.0).len()
    }
}

#[async_trait]
impl BatchStore for MemoryBatches {
    async fn read(&self, batch: &StoredBatch) -> Result<Option<String>, BatchError> {
        Ok(held(&self.0).get(&(batch.bucket.clone(), batch.object.clone())).cloned())
    }

    async fn delete(&self, batch: &StoredBatch) -> Result<(), BatchError> {
        held(&self.0).remove(&(batch.bucket.clone(), batch.object.clone()));
        Ok(())
    }
}

/// Functions that note how they were invoked.
#[derive(Debug, Default)]
pub struct MemoryFunctions {
    invoked: Mutex<Vec<(String, String)>>,
    /// Whether every invocation fails.
    pub is_failing: AtomicBool,
}

impl MemoryFunctions {
    /// The names and payloads so far, oldest first.
    pub fn invoked(&self) -> Vec<(String, String)> {
        held(&self.invoked).clone()
    }
}

#[async_trait]
impl Functions for MemoryFunctions {
    /// Answers an empty object.
    async fn ask(&self, function: &str, payload: &str) -> Result<String, NotAnswered> {
        if self.is_failing.load(Ordering::SeqCst) {
            return Err(NotAnswered::Failed("the topic is out".to_owned()));
        }
        held(&self.invoked).push((function.to_owned(), payload.to_owned()));
        Ok("{}".to_owned())
    }
}
