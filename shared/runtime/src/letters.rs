//! The record of each message that a function dead-letters: of which order, by which function, why and when.
//!
//! An explanation of an order reads it. It cannot look into the dead-letter queue instead: a letter that is received is hidden from
//! the operator who wants to send it back. The record holds no part of the message.
//!
//! The item is `letter#<order id>` / `<function>#<id of the message>` in the runtime's own table, the one of the limits. So no
//! service's table is written by a function that may only read it, and no stream has a record of it. It expires after 30 days,
//! long after the letter.
//!
//! It is written after the letter was sent, and a failure to write it is logged and nothing else: a message that returned to its
//! queue for it would be dead-lettered twice.

use crate::Settings;
use event_store::{Document, Documents, Key};
use events::OrderId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long a record is kept. Dead letters are kept for 14 days.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A message of an order that was dead-lettered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRecord {
    /// The function that dead-lettered it.
    pub function: String,
    /// Why, for the operator.
    pub reason: String,
    /// The id of the message in the function's queue; of a stream's record, its key.
    pub message_id: String,
    /// When.
    pub at: Timestamp,
}

/// Where records are written. Without a table none is.
#[derive(Clone, Default)]
pub struct LetterRecords(Option<Arc<dyn Documents>>);

impl LetterRecords {
    /// In the table that `LETTERS_TABLE_NAME` names; a function that handles nothing of orders has none. `table` makes the adapter.
    pub fn from_settings<D: Documents + 'static>(
        settings: &mut Settings,
        table: impl FnOnce(&str) -> Arc<D>,
    ) -> Self {
        Self(settings.optional("LETTERS_TABLE_NAME").map(|name| -> Arc<dyn Documents> { table(&name) }))
    }

    /// In this table.
    pub fn of(table: Arc<dyn Documents>) -> Self {
        Self(Some(table))
    }

    /// Records a message that was dead-lettered, if its `subject` is an order. A message that is dead-lettered again has one record,
    /// with the newest reason.
    pub async fn add(&self, subject: Option<&str>, record: &LetterRecord) {
        let order = subject.and_then(|subject| OrderId::try_from(subject).ok());
        let (Some(table), Some(order)) = (&self.0, order) else { return };
        let until = record.at.checked_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
        let key = Key::new(partition(&order), format!("{}#{}", record.function, record.message_id));
        if let Err(error) = table.put(&key, &Document::of(record).until(until)).await {
            tracing::error!(%error, "the letter is in its queue, and no explanation of its order will name it");
        }
    }
}

/// The partition of an order's records.
pub fn partition(order: &OrderId) -> String {
    format!("letter#{order}")
}
