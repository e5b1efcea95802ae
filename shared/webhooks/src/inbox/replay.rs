//! Somebody of the shop has a webhook applied once more.
//!
//! The wish is an item beside the inbox item, `webhook#<source>#<event id>` / `replay#<when>`: durable when it is
//! answered, in the same table's stream, read by the same reader as the webhook itself, and the record of who asked.

use super::{forgotten_at, key, place_in_order};
use event_store::{Document, Documents, Key, StoreError};
use events::Customer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the sort key of every wish begins with.
pub const PREFIX: &str = "replay#";

/// Who had a webhook applied once more, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Who asked.
    pub asked_by: Customer,
}

/// Asks for it. Two who ask at the same moment ask once.
pub async fn ask(
    documents: &dyn Documents,
    source: &str,
    event_id: &str,
    replay: &Replay,
) -> Result<(), StoreError> {
    let pk = key(source, event_id).pk;
    let place = Key::new(pk, format!("{PREFIX}{}", place_in_order(replay.asked_at)));
    let document = Document::of(replay).until(forgotten_at(replay.asked_at));
    documents.put_new(&place, &document).await?;
    Ok(())
}

/// The inbox item that a record of the table's stream is about: the item itself, or one that somebody wants applied once
/// more. `None`: it is about something else, or about another source's item.
pub fn asks_for(record: &Key, source: &str) -> Option<Key> {
    let is_ours = record.pk.strip_prefix("webhook#")?.strip_prefix(source)?.starts_with('#');
    let is_to_apply = record.sk == super::SORT_KEY || record.sk.starts_with(PREFIX);
    (is_ours && is_to_apply).then(|| Key::new(record.pk.clone(), super::SORT_KEY))
}
