//! The port to the erasure of personal data in streams, and what an erasure leaves behind.
//!
//! An event is redacted in place: the item keeps its key, its sequence and its type, so the stream has no gap, and a table's
//! stream carries a change, which no reader handles. A copy is replaced by [`Document::erased`], which stays at its key: a
//! consumer that stores its copy only at a free key ([`Documents::put_new`]) brings nothing back, and pays nothing for the check.
//!
//! [`Documents::put_new`]: crate::Documents::put_new

use crate::{Document, EventStore, StoreError, StreamId};
use async_trait::async_trait;
use events::Envelope;
use serde_json::json;

/// The redaction of a service's events.
#[async_trait]
pub trait Redaction: Send + Sync {
    /// Replaces the event in place, on the condition that an event of its type has its place. `false`: none has, and nothing was
    /// written.
    async fn redact(&self, stream: &StreamId, redacted: &Envelope) -> Result<bool, StoreError>;
}

/// Redacts every event of a stream that has personal data. What is redacted already stays as it is.
///
/// # Errors
/// Those of the table. The next call goes on where this one stopped.
pub async fn erase_stream(
    store: &dyn EventStore,
    redaction: &dyn Redaction,
    stream: &StreamId,
    pseudonym: &str,
) -> Result<(), StoreError> {
    for envelope in store.read(stream).await? {
        if let Some(redacted) = envelope.redacted(pseudonym) {
            redaction.redact(stream, &redacted).await?;
        }
    }
    Ok(())
}

impl Document {
    /// What stands at the key of a document whose personal data was erased.
    pub fn erased() -> Self {
        Self::of(&json!({ "erased": true }))
    }

    /// Whether the document was erased.
    pub fn is_erased(&self) -> bool {
        self.body.get("erased") == Some(&json!(true))
    }
}
