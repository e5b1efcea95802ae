//! The port to the event streams of one service.

use crate::{Aggregate, AppendError, History, StoreError, StreamId};
use async_trait::async_trait;
use events::Envelope;

/// The streams of one service's table.
///
/// Promises: a read is strongly consistent and complete; an append writes at exactly the place that its envelope names, or
/// not at all; a written event never changes, except that an erasure redacts its personal data ([`crate::Redaction`]).
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Reads all events of a stream, oldest first; empty if the stream does not exist.
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError>;

    /// Writes the event at its sequence, on the condition that this place is free.
    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError>;
}

impl dyn EventStore + '_ {
    /// Reads a stream and folds it.
    pub async fn history<A: Aggregate>(&self, stream: &StreamId) -> Result<History<A>, StoreError> {
        History::fold(self.read(stream).await?)
    }
}
