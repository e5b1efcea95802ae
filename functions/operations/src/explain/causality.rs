//! Puts events of several services into causal order. Pure.
//!
//! An event comes after the event that it names as its cause, and after those before it in its own stream. Between events that
//! neither rule orders, the earlier time decides, then the service, then the place in the stream. So every order of the input gives
//! the same result, whatever the clocks of the services showed.

use events::{Envelope, EventId, Sequence};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What decides between events that are ready.
type Place = (Timestamp, String, Sequence, EventId);

/// The events in causal order, each once. A cause that is not among them orders nothing. Events in a circle, which no service can
/// write, are in the order of their times.
pub(super) fn in_causal_order(events: Vec<Envelope>) -> Vec<Envelope> {
    let place = |event: &Envelope| (event.time, event.source.clone(), event.sequence, event.id.clone());
    let mut left: BTreeMap<Place, Envelope> =
        events.into_iter().map(|event| (place(&event), event)).collect();
    let mut ids: BTreeSet<EventId> = left.values().map(|event| event.id.clone()).collect();
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(first) = left.keys().next() {
        let ready = left.iter().find(|(_, event)| is_ready(event, &left, &ids)).map(|(place, _)| place);
        let next = ready.unwrap_or(first).clone();
        ids.remove(&next.3);
        ordered.extend(left.remove(&next));
    }
    ordered
}

/// Whether neither the event's cause nor an earlier event of its stream is still left.
fn is_ready(event: &Envelope, left: &BTreeMap<Place, Envelope>, ids: &BTreeSet<EventId>) -> bool {
    let is_before = |other: &Envelope| {
        other.source == event.source && other.subject == event.subject && other.sequence < event.sequence
    };
    !ids.contains(&event.causationid) && !left.values().any(is_before)
}

#[cfg(test)]
mod tests;
