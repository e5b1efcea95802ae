//! `write-heartbeats`: shows that every reader of a stream is alive.
//!
//! - Trigger: a schedule, every five minutes.
//! - Effect: a heartbeat in each table with a stream. The runner of each reader reports it ([`runtime::heartbeat`]); the table
//!   deletes it after a day.
//! - Publishes: nothing.
//! - Idempotent: a heartbeat is no fact, and a second one is harmless.
//! - One table's failure does not stop the others; it fails the invocation at the end.
//!
//! `docs/decisions/one-function-writes-every-heartbeat.md` says why it may write into the tables of other services.

use async_trait::async_trait;
use event_store::Documents;
use events::Service;
use resilience::{Clock, Failure};
use runtime::heartbeat;
use runtime::schedule::Task;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The step. See the module.
pub struct WriteHeartbeats {
    /// The table of each service whose stream has readers.
    pub tables: BTreeMap<Service, Arc<dyn Documents>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for WriteHeartbeats {
    async fn run(&self) -> Result<Value, Failure> {
        let mut failed = Vec::new();
        for (service, table) in &self.tables {
            let (key, document) = heartbeat::item(service.as_str(), self.clock.now());
            if let Err(error) = table.put(&key, &document).await {
                tracing::error!(%error, table = service.as_str(), "the heartbeat could not be written");
                failed.push(service.as_str());
            }
        }
        if failed.is_empty() {
            return Ok(json!({ "written": self.tables.len() }));
        }
        Err(Failure::retry(format!("no heartbeat was written into {}", failed.join(", "))))
    }
}

#[cfg(test)]
mod tests;
