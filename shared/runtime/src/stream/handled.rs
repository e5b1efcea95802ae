//! What this process has already handled of batches that failed. A batch is redelivered as a whole; without this memory
//! every delivery would publish its good records again and dead-letter its bad ones again.
//!
//! Only a saving: another process does not have it, and handling a record twice is harmless.

use super::About;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The most ids that are kept. A failed batch has up to 100, and a process has few of them at a time.
const MOST: usize = 10_000;

/// The ids of the handled records.
#[derive(Debug, Default)]
pub(super) struct Handled(Mutex<BTreeSet<String>>);

impl Handled {
    pub(super) fn add(&self, records: impl IntoIterator<Item = About>) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() >= MOST {
            ids.clear();
        }
        ids.extend(records.into_iter().map(|about| about.id).filter(|id| !id.is_empty()));
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Forgets a batch that is done: its records are not delivered again, unless an operator asks for it.
    pub(super) fn forget(&self, batch: &[String]) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in batch {
            ids.remove(id);
        }
    }
}
