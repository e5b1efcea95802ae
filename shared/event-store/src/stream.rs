//! Streams, and the state that folding one gives.

use crate::StoreError;
use events::{Envelope, OrderId, ReadError, Sequence, ServiceEvent, Sku};
use std::fmt;

/// A stream of events in one service's table: its partition key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    kind: &'static str,
    subject: String,
}

impl StreamId {
    /// What a service knows about an order.
    pub fn order(id: &OrderId) -> Self {
        Self { kind: "order", subject: id.as_str().to_owned() }
    }

    /// What catalog knows about a product.
    pub fn product(sku: &Sku) -> Self {
        Self { kind: "product", subject: sku.as_str().to_owned() }
    }

    /// The stream that `envelope` belongs to.
    pub fn of(envelope: &Envelope) -> Result<Self, ReadError> {
        Ok(Self { kind: envelope.service()?.subject_kind(), subject: envelope.subject.clone() })
    }

    /// The order id or SKU, as it stands in an envelope's `subject`.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind, self.subject)
    }
}

/// The state of one stream, computed by folding its events. Pure: no clock, no chance, no I/O.
pub trait Aggregate: Default + Send + Sync {
    /// The service's events.
    type Event: ServiceEvent;

    /// The state after one more event. Never fails: what is stored has happened.
    fn evolve(&mut self, event: &Self::Event, envelope: &Envelope);
}

/// A stream that was read: its state and the events it was folded from.
#[derive(Debug, Clone, Default)]
pub struct History<A> {
    /// The fold.
    pub state: A,
    /// The events, oldest first.
    pub envelopes: Vec<Envelope>,
}

impl<A: Aggregate> History<A> {
    /// Folds `envelopes`, oldest first. An unreadable one means that this build is older than the writer, or
    /// that the table is corrupt; either way nothing can be decided.
    pub fn fold(envelopes: Vec<Envelope>) -> Result<Self, StoreError> {
        let mut state = A::default();
        for envelope in &envelopes {
            let event = A::Event::read(envelope).map_err(|error| match error {
                ReadError::NewerVersion { .. } => StoreError::Unavailable(error.to_string()),
                ReadError::UnknownType { .. } | ReadError::Malformed { .. } => StoreError::Corrupt {
                    pk: format!("{}#{}", A::Event::SERVICE.subject_kind(), envelope.subject),
                    sk: format!("event#{:06}", envelope.sequence.number()),
                    attribute: "event",
                    reason: error.to_string(),
                },
            })?;
            state.evolve(&event, envelope);
        }
        Ok(Self { state, envelopes })
    }

    /// The place of the next event.
    pub fn next(&self) -> Sequence {
        self.envelopes.last().map_or(Sequence::FIRST, |last| Sequence::after(last.sequence.number()))
    }
}
