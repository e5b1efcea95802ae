//! Limits that an operator changes without a deploy, for example during an attack: `make limits` writes them, as one item of the
//! limits' table, and each process reads it once a minute. They end at the item's `expires_at`.

use super::Limit;
use event_store::{Documents, Key};
use jiff::{SignedDuration, Timestamp};
use resilience::HourlyLimit;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a process goes by what it has read.
const READ_EACH: SignedDuration = SignedDuration::from_mins(1);
/// How long a request waits for the read, once in that time.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The changed limits, as the process knows them.
pub struct ChangedLimits {
    documents: Arc<dyn Documents>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    read_at: Option<Timestamp>,
    until: Option<Timestamp>,
    per_hour: BTreeMap<String, u64>,
}

/// The item's document: requests an hour by the name of a limit.
#[derive(Deserialize)]
struct Changed {
    per_hour: BTreeMap<String, u64>,
}

impl ChangedLimits {
    /// Those in this table.
    pub fn of(documents: Arc<dyn Documents>) -> Self {
        Self { documents, known: Mutex::default() }
    }

    /// The item's key. `local/limits.py` writes it.
    pub fn key() -> Key {
        Key::new("limits", "changed")
    }

    /// Gives each limit the rate that is in force now.
    pub(super) async fn apply(&self, limits: &mut [Limit], now: Timestamp) {
        if self.is_due(now) {
            self.read().await;
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.until.is_some_and(|until| until <= now) {
            return;
        }
        for limit in limits {
            if let Some(per_hour) = known.per_hour.get(limit.name) {
                limit.rate = HourlyLimit::of(*per_hour);
            }
        }
    }

    /// Whether the item has to be read. Of concurrent requests one reads, and an attempt counts: a table that is out delays one
    /// request a minute.
    fn is_due(&self, now: Timestamp) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = known.read_at.is_none_or(|read_at| now.duration_since(read_at) >= READ_EACH);
        if is_due {
            known.read_at = Some(now);
        }
        is_due
    }

    /// What cannot be read changes nothing: the limits stay as they are known.
    async fn read(&self) {
        let key = Self::key();
        let document = match tokio::time::timeout(LONGEST_WAIT, self.documents.get(&key)).await {
            Ok(Ok(document)) => document,
            Ok(Err(error)) => {
                return tracing::warn!(%error, "changed limits are not read: the limits' table is out");
            }
            Err(_) => return tracing::warn!("changed limits are not read: the limits' table is too slow"),
        };
        let (until, changed) = match document {
            None => (None, Changed { per_hour: BTreeMap::new() }),
            Some(document) => match json::from_value(&document.body) {
                Ok(changed) => (document.expires_at, changed),
                Err(error) => {
                    return tracing::error!(%error, "changed limits are not valid: write them again with `make limits`");
                }
            },
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        (known.until, known.per_hour) = (until, changed.per_hour);
    }
}
