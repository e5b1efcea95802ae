//! The verdict on a webhook: what became of it, written next to its inbox item by the reader that applied it.
//!
//! It is an item of its own, `webhook#<source>#<event id>` / `verdict`, because a write is billed by the item's size and a body
//! may have hundreds of kilobytes. Only a verdict that an operator looks for is in the index: most webhooks are applied, and an
//! entry for each of them would cost another write. It is computed from the stream that the webhook belongs to, so applying the
//! webhook again gives the same verdict, and an unconditional put is enough.

use super::{INDEX_ATTRIBUTE, InboxItem, ORDER_ATTRIBUTE, forgotten_at, place_in_order};
use event_store::{Document, Documents, Key, StoreError};
use events::{Envelope, EventId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The sort key of every verdict.
pub const SORT_KEY: &str = "verdict";

/// What became of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verdict {
    /// It led to these events.
    Applied {
        /// Their ids, oldest first.
        led_to: Vec<EventId>,
    },
    /// Its effect was in the stream already, by an answer of the provider or by another webhook.
    AlreadyKnown,
    /// It reports nothing of use here.
    Ignored {
        /// Why.
        reason: String,
    },
    /// Its order is not known yet. It is applied once the order is.
    Parked {
        /// The partition in which it waits.
        key: String,
    },
    /// It cannot be applied. Its key is in the reader's dead-letter queue.
    Failed {
        /// Why.
        reason: String,
    },
}

/// The name of a verdict, without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Stored, and not yet read.
    Received,
    /// See [`Verdict::Applied`].
    Applied,
    /// See [`Verdict::AlreadyKnown`].
    AlreadyKnown,
    /// See [`Verdict::Ignored`].
    Ignored,
    /// See [`Verdict::Parked`].
    Parked,
    /// See [`Verdict::Failed`].
    Failed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Received, Self::Applied, Self::AlreadyKnown, Self::Ignored, Self::Parked, Self::Failed];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Applied => "applied",
            Self::AlreadyKnown => "already_known",
            Self::Ignored => "ignored",
            Self::Parked => "parked",
            Self::Failed => "failed",
        }
    }

    /// The partition of the index that has the verdicts with this status; `None`: they are found among all webhooks of the
    /// source.
    pub fn partition(self, source: &str) -> Option<String> {
        match self {
            Self::Parked | Self::Failed => Some(format!("{source}#{}", self.as_str())),
            Self::Received | Self::Applied | Self::AlreadyKnown | Self::Ignored => None,
        }
    }
}

impl Verdict {
    /// The verdict on a webhook that was applied to its stream: it led to the events there that name it as their cause.
    pub fn of(webhook: &EventId, stream: &[Envelope]) -> Self {
        let caused = stream.iter().filter(|envelope| envelope.causationid == *webhook);
        let led_to: Vec<EventId> = caused.map(|envelope| envelope.id.clone()).collect();
        if led_to.is_empty() { Self::AlreadyKnown } else { Self::Applied { led_to } }
    }

    /// Its name.
    pub const fn status(&self) -> Status {
        match self {
            Self::Applied { .. } => Status::Applied,
            Self::AlreadyKnown => Status::AlreadyKnown,
            Self::Ignored { .. } => Status::Ignored,
            Self::Parked { .. } => Status::Parked,
            Self::Failed { .. } => Status::Failed,
        }
    }
}

/// A stored verdict, with the fields of the webhook that a list shows, so that a list reads no bodies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The sender's id of the event.
    pub event_id: String,
    /// The sender's type of the event.
    pub event_type: String,
    /// When it arrived first.
    pub received_at: Timestamp,
    /// What became of it.
    pub verdict: Verdict,
}

/// The key of the verdict on an event.
pub fn key(source: &str, event_id: &str) -> Key {
    Key::new(super::key(source, event_id).pk, SORT_KEY)
}

/// Stores the verdict on a webhook.
pub async fn conclude(
    documents: &dyn Documents,
    source: &str,
    item: &InboxItem,
    verdict: Verdict,
) -> Result<(), StoreError> {
    let status = verdict.status();
    let conclusion = Conclusion {
        event_id: item.event_id.clone(),
        event_type: item.event_type.clone(),
        received_at: item.received_at,
        verdict,
    };
    let mut document = Document::of(&conclusion).until(forgotten_at(item.received_at));
    if let Some(partition) = status.partition(source) {
        document =
            document.with(INDEX_ATTRIBUTE, partition).with(ORDER_ATTRIBUTE, place_in_order(item.received_at));
    }
    documents.put(&key(source, &item.event_id), &document).await
}

#[cfg(test)]
mod tests;
