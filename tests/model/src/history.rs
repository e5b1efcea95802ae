//! The normal form of an order's history: the same for every order of arrival.

use crate::cell::Cell;
use crate::opening;
use crate::step_runner::finish;
use event_store::{EventStore as _, StreamId};
use events::{Because, Envelope, Event, EventId, OrdersEvent, Sequence, Service};

/// The normal form of a stream of orders. The status depends on the set of facts, not on their order of arrival, so two
/// streams that differ only in that order have the same normal form: the service's own events first, in their order, then
/// the recorded events of other services, sorted.
///
/// This is checked, not assumed: `findings::of_sorting` compares the order before and after. By induction over the facts,
/// every order of arrival then gives the same order.
///
/// A finding of the sweep (`because: deadline`) depends on what was known at its time, so no event is moved across it.
pub(crate) struct Sorted {
    /// The events that keep their order: the own events, and everything up to the last finding of the sweep.
    pub(crate) kept: Vec<Envelope>,
    /// The ids of the events that are recorded after these, sorted.
    pub(crate) tracked: Vec<EventId>,
}

impl Sorted {
    pub(crate) fn of(stream: &[Envelope]) -> Self {
        let read = |envelope: &Envelope| match Event::read(envelope) {
            Ok(Event::Orders(event)) => Some(event),
            _ => None,
        };
        let is_deadline = |envelope: &Envelope| matches!(read(envelope), Some(OrdersEvent::OrderUpdated(it)) if it.because == Because::Deadline);
        let fixed = stream.iter().rposition(is_deadline).map_or(0, |place| place + 1);
        let (mut kept, mut tracked) = (Vec::new(), Vec::new());
        for (place, envelope) in stream.iter().enumerate() {
            if place >= fixed && matches!(read(envelope), Some(OrdersEvent::OrderUpdated(_))) {
                tracked.push(envelope.causationid.clone());
            } else {
                kept.push(at_place(envelope, kept.len()));
            }
        }
        tracked.sort();
        Self { kept, tracked }
    }
}

fn at_place(envelope: &Envelope, before: usize) -> Envelope {
    let sequence = Sequence::after(u32::try_from(before).unwrap_or(u32::MAX));
    let id = EventId::of(Service::Orders, &envelope.subject, sequence);
    Envelope { sequence, id, ..envelope.clone() }
}

/// Writes a stream in its normal form: the kept events, and then each other event through the real step.
pub(crate) fn rebuild(cell: &Cell, stream: &Sorted) {
    for envelope in &stream.kept {
        if let Ok(id) = StreamId::of(envelope) {
            drop(finish(cell.table.append(&id, envelope)));
        }
    }
    for id in &stream.tracked {
        let Some(envelope) = cell.tracked.iter().find(|envelope| envelope.id == *id) else { continue };
        let body = serde_json::to_string(&**envelope).unwrap_or_default();
        drop(finish(steps::handler("track-order", &opening::ports(cell)).handle(&body, 1)));
    }
}
