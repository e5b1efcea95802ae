//! Heartbeats: items that show that a stream's reader is alive, also while the shop is idle.
//!
//! `write-heartbeats` puts one into each table with a stream. Every reader's event source passes it, and the runner reports it as
//! a metric of the function and the table instead of giving it to the reader. A reader that is disabled, may not read its
//! stream or fails at its start reports none, which its alarm counts: such a reader emits no other metric.

use event_store::{Document, Key};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The first part of a heartbeat's partition key. The event sources in `template.yaml` pass keys with this prefix.
pub const PREFIX: &str = "heartbeat#";

/// How long a heartbeat is kept. The stream has it for a day.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The heartbeat of a table at a moment. Its key is new, because readers get new items only.
pub fn item(table: &str, at: Timestamp) -> (Key, Document) {
    let key = Key::new(format!("{PREFIX}{table}"), at.to_string());
    let expires_at = at.saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
    (key, Document::of(&json!({})).until(expires_at))
}

/// A heartbeat that a reader has received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    table: String,
    written_at: Timestamp,
}

impl Heartbeat {
    /// Reads a record of a stream; `None` if it is another item.
    pub(crate) fn read(record: &Value) -> Option<Self> {
        let keys = &record["dynamodb"]["Keys"];
        let table = keys["pk"]["S"].as_str()?.strip_prefix(PREFIX)?.to_owned();
        let written_at = keys["sk"]["S"].as_str()?.parse().ok()?;
        (record["eventName"] == "INSERT").then_some(Self { table, written_at })
    }

    /// Writes the line from which the alarm's metric is read: how long the heartbeat took from its table to this reader.
    pub(crate) fn report(&self, now: Timestamp) {
        let lag = now.duration_since(self.written_at).as_millis();
        tracing::info!(
            metric = "HeartbeatLag",
            metric.by = "function,table",
            metric.unit = "Milliseconds",
            metric.value = u64::try_from(lag).unwrap_or(0),
            table = self.table,
            "this reader follows its table"
        );
    }
}
