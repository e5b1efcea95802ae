//! Where the events of a replay come from: some streams, one after the other, or a scan of the whole table.
//!
//! A position is the key behind which the next batch begins. Among streams, the key of a stream without a sort key is its
//! beginning.

use super::{PAGE, ServiceEvents};
use event_store::{Key, StoreError, StreamId};
use events::Envelope;
use jiff::Timestamp;

/// Which events an operator means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// Those of these streams.
    Streams(Vec<StreamId>),
    /// Those that happened in this time, `until` excluded.
    Time { since: Timestamp, until: Timestamp },
}

/// Some events, with their keys.
pub(super) struct Batch {
    pub(super) events: Vec<(Key, Envelope)>,
    /// How many events of the table are not readable, and so are not replayed.
    pub(super) unreadable: usize,
    pub(super) items: u32,
    /// `None`: reading streams reports no units.
    pub(super) half_units: Option<u64>,
    /// `None`: this was the last one.
    pub(super) next: Option<Key>,
}

impl Selection {
    /// Whether the event is one of those. A stream has no others.
    pub(super) fn contains(&self, envelope: &Envelope) -> bool {
        match self {
            Self::Streams(_) => true,
            Self::Time { since, until } => (*since..*until).contains(&envelope.time),
        }
    }

    /// The events behind the position.
    pub(super) async fn next_batch(
        &self,
        service: &ServiceEvents,
        position: Option<Key>,
    ) -> Result<Batch, StoreError> {
        match self {
            Self::Streams(streams) => read_stream(streams, service, position).await,
            Self::Time { .. } => {
                let scanned = service.scan.scan(position.as_ref(), PAGE).await?;
                let keyed = |envelope: Envelope| {
                    let stream = StreamId::of(&envelope).map_err(|error| StoreError::Corrupt {
                        pk: envelope.subject.clone(),
                        sk: envelope.id.to_string(),
                        attribute: "event",
                        reason: error.to_string(),
                    })?;
                    Ok((Key::of_event(&stream, &envelope), envelope))
                };
                Ok(Batch {
                    events: scanned.events.into_iter().map(keyed).collect::<Result<_, StoreError>>()?,
                    unreadable: scanned.unreadable.len(),
                    items: scanned.items,
                    half_units: Some(scanned.half_units),
                    next: scanned.next,
                })
            }
        }
    }
}

async fn read_stream(
    streams: &[StreamId],
    service: &ServiceEvents,
    position: Option<Key>,
) -> Result<Batch, StoreError> {
    let after = position.unwrap_or_else(|| Key::new("", ""));
    let at = streams.iter().position(|stream| stream.to_string() == after.pk).unwrap_or(0);
    let Some(stream) = streams.get(at) else {
        return Ok(Batch { events: Vec::new(), unreadable: 0, items: 0, half_units: None, next: None });
    };
    let envelopes = service.store.read(stream).await?;
    let items = u32::try_from(envelopes.len()).unwrap_or(u32::MAX);
    let keyed = envelopes.into_iter().map(|envelope| (Key::of_event(stream, &envelope), envelope));
    let events = keyed.filter(|(key, _)| key.pk != after.pk || key.sk > after.sk).collect();
    let next = streams.get(at + 1).map(|stream| Key::new(stream.to_string(), ""));
    Ok(Batch { events, unreadable: 0, items, half_units: None, next })
}
