//! The port to the streams of one service.

use crate::{Aggregate, AppendError, History, StoreError, StreamId};
use async_trait::async_trait;
use events::Envelope;

/// The streams of one service's table.
///
/// Promises: a read is strongly consistent and whole, oldest first; an append writes at exactly the place its
/// envelope names, or not at all; an event once written never changes.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// All events of a stream, oldest first; none where there is no such stream.
    async fn read(&self, stream: &StreamId) -> Result<Vec<Envelope>, StoreError>;

    /// Writes the event at its sequence, on the condition that nothing stands there.
    async fn append(&self, stream: &StreamId, envelope: &Envelope) -> Result<(), AppendError>;
}

impl dyn EventStore + '_ {
    /// Reads a stream and folds it.
    pub async fn history<A: Aggregate>(&self, stream: &StreamId) -> Result<History<A>, StoreError> {
        History::fold(self.read(stream).await?)
    }
}
