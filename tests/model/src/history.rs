//! The history of an order in one form, whatever came first.

use crate::cell::{Cell, Outside};
use crate::stage::finish;
use crate::wire::Wire;
use event_store::{EventStore as _, StreamId};
use events::{Because, Envelope, Event, EventId, OrdersEvent, Sequence, Service};
use resilience::FixedClock;
use runtime::queue::Consumer as _;
use std::sync::Arc;
use testkit::now;

/// A stream of orders whose facts came in another order is the same stream: the status is a function of their set. This
/// is the place where own events and what is told stand in it: own events first, as they came, then what was told.
///
/// That the set decides is not assumed: whoever brings a stream into this form compares the order before and after, and
/// by induction over the facts every order of arrival is then the same as this one.
///
/// What the sweep has found (`because: deadline`) depends on what was known when, so nothing is moved across it.
pub(crate) struct Sorted {
    /// The events that keep their place, the own ones among the others moved to the front.
    pub(crate) kept: Vec<Envelope>,
    /// The ids of events that are to be told after these, sorted.
    pub(crate) told: Vec<EventId>,
}

impl Sorted {
    pub(crate) fn of(stream: &[Envelope]) -> Self {
        let read = |envelope: &Envelope| match Event::read(envelope) {
            Ok(Event::Orders(event)) => Some(event),
            _ => None,
        };
        let is_deadline = |envelope: &Envelope| matches!(read(envelope), Some(OrdersEvent::OrderUpdated(it)) if it.because == Because::Deadline);
        let fixed = stream.iter().rposition(is_deadline).map_or(0, |place| place + 1);
        let (mut kept, mut told) = (Vec::new(), Vec::new());
        for (place, envelope) in stream.iter().enumerate() {
            if place >= fixed && matches!(read(envelope), Some(OrdersEvent::OrderUpdated(_))) {
                told.push(envelope.causationid.clone());
            } else {
                kept.push(at_place(envelope, kept.len()));
            }
        }
        told.sort();
        Self { kept, told }
    }
}

fn at_place(envelope: &Envelope, before: usize) -> Envelope {
    let sequence = Sequence::after(u32::try_from(before).unwrap_or(u32::MAX));
    let id = EventId::of(Service::Orders, &envelope.subject, sequence);
    Envelope { sequence, id, ..envelope.clone() }
}

/// Writes a stream of orders in its one form: what keeps its place, and then each fact told to the real step.
pub(crate) fn retell(cell: &Cell, stream: &Sorted) {
    for envelope in &stream.kept {
        if let Ok(id) = StreamId::of(envelope) {
            drop(finish(cell.table.append(&id, envelope)));
        }
    }
    for id in &stream.told {
        let Some(envelope) = cell.told.iter().find(|envelope| envelope.id == *id) else { continue };
        let wire = Wire::new(cell.table.clone(), Outside::Nobody, &[], None);
        let step = orders::TrackOrder { store: wire, clock: Arc::new(FixedClock::at(now())) };
        if let Ok(message) = testkit::delivered(envelope, 1) {
            drop(finish(step.consume(&message)));
        }
    }
}
