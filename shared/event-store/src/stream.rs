//! Streams, and the state that is the fold of one.

use crate::{Key, StoreError};
use events::{Cause, Envelope, OrderId, ReadError, Sequence, ServiceEvent, Sku, Traceparent};
use std::fmt;

/// The sort key of the first event of a stream.
pub const FIRST_EVENT: &str = "event#000001";
/// The kind of a stream of an order.
const ORDER: &str = "order";

/// The id of a stream in one service's table; it is the partition key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    kind: &'static str,
    subject: String,
}

impl StreamId {
    /// A service's stream of an order.
    pub fn order(id: &OrderId) -> Self {
        Self { kind: ORDER, subject: id.as_str().to_owned() }
    }

    /// Catalog's stream of a product.
    pub fn product(sku: &Sku) -> Self {
        Self { kind: "product", subject: sku.as_str().to_owned() }
    }

    /// The stream that `envelope` belongs to.
    pub fn of(envelope: &Envelope) -> Result<Self, ReadError> {
        Ok(Self { kind: envelope.service()?.subject_kind(), subject: envelope.subject.clone() })
    }

    /// The id of the order; `None` if the stream is of a product.
    pub fn of_order(&self) -> Option<&str> {
        (self.kind == ORDER).then_some(&self.subject)
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

    /// The cause of the next event. All events of an order are in one trace, that of the request that placed it: a webhook, an
    /// operator or a schedule that continues the order has a trace of its own, or none.
    pub fn cause_in(&self, stream: &StreamId, cause: &Cause) -> Cause {
        let first = self.envelopes.first().and_then(|envelope| envelope.traceparent.as_ref());
        let own = cause.traceparent.as_ref().map(Traceparent::trace_id);
        match first.filter(|first| stream.of_order().is_some() && own != Some(first.trace_id())) {
            Some(first) => Cause { traceparent: Some(first.clone()), ..cause.clone() },
            None => cause.clone(),
        }
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

#[cfg(test)]
mod tests;
