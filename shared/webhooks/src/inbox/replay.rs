//! Replays: an operator requests that a webhook is applied again.
//!
//! A replay is an item next to the inbox item, `webhook#<source>#<event id>` / `replay#<when>`. It is durable when the request
//! is answered, arrives by the same stream at the same reader as the webhook itself, and records who requested it.

use super::{forgotten_at, key, place_in_order};
use event_store::{Document, Documents, Key, StoreError};
use events::Customer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the sort key of every replay begins with.
pub const PREFIX: &str = "replay#";

/// Who requested that a webhook is applied again, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// When it was requested.
    pub asked_at: Timestamp,
    /// Who requested it.
    pub asked_by: Customer,
}

/// Requests it. Two requests at the same moment are one.
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

/// The key of the inbox item that a record of the table's stream is about: the item itself, or a replay of it. `None`: the
/// record is something else, or belongs to another source.
pub fn asks_for(record: &Key, source: &str) -> Option<Key> {
    let is_ours = record.pk.strip_prefix("webhook#")?.strip_prefix(source)?.starts_with('#');
    let is_to_apply = record.sk == super::SORT_KEY || record.sk.starts_with(PREFIX);
    (is_ours && is_to_apply).then(|| Key::new(record.pk.clone(), super::SORT_KEY))
}
