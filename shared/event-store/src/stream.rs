//! Streams, and the state that is the fold of one.

use crate::{Key, StoreError};
use events::{Envelope, OrderId, ReadError, Sequence, ServiceEvent, Sku};
use std::fmt;

/// The id of a stream in one service's table; it is the partition key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    kind: &'static str,
    subject: String,
}

impl StreamId {
    /// A service's stream of an order.
    pub fn order(id: &OrderId) -> Self {
        Self { kind: "order", subject: id.as_str().to_owned() }
    }

    /// Catalog's stream of a product.
    pub fn product(sku: &Sku) -> Self {
        Self { kind: "product", subject: sku.as_str().to_owned() }
    }

    /// The stream that `envelope` belongs to.
    pub fn of(envelope: &Envelope) -> Result<Self, ReadError> {
        Ok(Self { kind: envelope.service()?.subject_kind(), subject: envelope.subject.clone() })
    }

    /// The order id or SKU: an envelope's `subject`.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind, self.subject)
    }
}

/// The state of one stream: the fold of its events. Pure: no clock, no randomness, no I/O.
pub trait Aggregate: Default + Send + Sync {
    /// The service's events.
    type Event: ServiceEvent;

    /// Applies one more event. It never fails: a stored event has happened.
    fn evolve(&mut self, event: &Self::Event, envelope: &Envelope);

    /// The pseudonym of the customer, once the personal data of the stream is to be erased: what is appended from then on has
    /// none either.
    fn pseudonym(&self) -> Option<&str> {
        None
    }
}

/// A stream as it was read: its events and their fold.
#[derive(Debug, Clone, Default)]
pub struct History<A> {
    /// The fold.
    pub state: A,
    /// The events, oldest first.
    pub envelopes: Vec<Envelope>,
}

impl<A: Aggregate> History<A> {
    /// Folds `envelopes`, oldest first.
    ///
    /// # Errors
    /// If an envelope is unreadable, nothing can be decided: [`StoreError::Unavailable`] if a newer build wrote it,
    /// else [`StoreError::Corrupt`].
    pub fn fold(envelopes: Vec<Envelope>) -> Result<Self, StoreError> {
        Ok(Self { state: state_of(&envelopes)?, envelopes })
    }

    /// The place of the next event.
    pub fn next(&self) -> Sequence {
        self.envelopes.last().map_or(Sequence::FIRST, |last| Sequence::after(last.sequence.number()))
    }
}

impl Key {
    /// The key of an event of this stream.
    pub fn of_event(stream: &StreamId, envelope: &Envelope) -> Self {
        Self::new(stream.to_string(), event_sort_key(envelope))
    }
}

/// The sort key of an event. Its place is padded, so that the texts are in the order of the places.
fn event_sort_key(envelope: &Envelope) -> String {
    format!("event#{:06}", envelope.sequence.number())
}

/// The state that is the fold of these events, oldest first. Its errors are those of [`History::fold`].
pub(crate) fn state_of<A: Aggregate>(envelopes: &[Envelope]) -> Result<A, StoreError> {
    let mut state = A::default();
    for envelope in envelopes {
        state.evolve(&read_event::<A>(envelope)?, envelope);
    }
    Ok(state)
}

/// Reads an event of a stream. Its errors are those of [`History::fold`].
pub(crate) fn read_event<A: Aggregate>(envelope: &Envelope) -> Result<A::Event, StoreError> {
    A::Event::read(envelope).map_err(|error| match error {
        ReadError::NewerVersion { .. } => StoreError::Unavailable(error.to_string()),
        ReadError::UnknownType { .. } | ReadError::Malformed { .. } => StoreError::Corrupt {
            pk: format!("{}#{}", A::Event::SERVICE.subject_kind(), envelope.subject),
            sk: event_sort_key(envelope),
            attribute: "event",
            reason: error.to_string(),
        },
    })
}
