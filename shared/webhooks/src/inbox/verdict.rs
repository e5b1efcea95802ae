//! What became of a webhook: written beside its inbox item by the reader that applied it.
//!
//! It is an item of its own, `webhook#<source>#<event id>` / `verdict`, because an item is paid for by its size and a
//! body may take hundreds of kilobytes: so a webhook costs one small write more. It is computed from the stream that
//! the webhook belongs to, so whoever applies the webhook again comes to the same verdict, and a plain put will do.

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
    /// What it says was in the stream before, said by an answer of the provider's or by another webhook.
    AlreadyKnown,
    /// It says nothing that matters here.
    Ignored {
        /// Why.
        reason: String,
    },
    /// Its order is not known yet. It is applied once it is.
    Parked {
        /// The key that it waits under.
        key: String,
    },
    /// It cannot be applied. Its key is in the reader's dead-letter queue.
    Failed {
        /// Why.
        reason: String,
    },
}

/// How a verdict is called, without what it carries. `received`: the reader has not come to it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Kept, and not looked at yet.
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
}

impl Verdict {
    /// The verdict over a webhook that was brought to its stream: it led to what names it as its cause there.
    pub fn of(webhook: &EventId, stream: &[Envelope]) -> Self {
        let caused = stream.iter().filter(|envelope| envelope.causationid == *webhook);
        let led_to: Vec<EventId> = caused.map(|envelope| envelope.id.clone()).collect();
        if led_to.is_empty() { Self::AlreadyKnown } else { Self::Applied { led_to } }
    }

    /// How it is called.
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

/// A verdict as it is stored: with what a list shows of its webhook, so that no body is read for a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The sender's id of the event.
    pub event_id: String,
    /// The sender's name of what happened.
    pub event_type: String,
    /// When it came first.
    pub received_at: Timestamp,
    /// What became of it.
    pub verdict: Verdict,
}

/// Where the verdict over an event stands.
pub fn key(source: &str, event_id: &str) -> Key {
    Key::new(super::key(source, event_id).pk, SORT_KEY)
}

/// Writes down what became of a webhook.
pub async fn conclude(
    documents: &dyn Documents,
    source: &str,
    arrival: &InboxItem,
    verdict: Verdict,
) -> Result<(), StoreError> {
    let partition = format!("{source}#{}", verdict.status().as_str());
    let conclusion = Conclusion {
        event_id: arrival.event_id.clone(),
        event_type: arrival.event_type.clone(),
        received_at: arrival.received_at,
        verdict,
    };
    let document = Document::of(&conclusion)
        .until(forgotten_at(arrival.received_at))
        .with(INDEX_ATTRIBUTE, partition)
        .with(ORDER_ATTRIBUTE, place_in_order(arrival.received_at));
    documents.put(&key(source, &arrival.event_id), &document).await
}

#[cfg(test)]
mod tests;
