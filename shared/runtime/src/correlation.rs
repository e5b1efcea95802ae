//! What a span's lines are about: the order, the event, and the trace that began with the request that placed the order. A query
//! by any of these finds the lines of every function: docs/operations/logs.md.

use events::{Envelope, EventId, Service, Traceparent};
use tracing::Span;

/// Names an event, its order and its trace in the lines of the current span. The span declares the fields `order.id`, `event.id`
/// and `trace_id`.
pub fn name_event(id: &EventId, traceparent: Option<&Traceparent>) {
    let span = Span::current();
    if let Some(order) = order_of(id.as_str()) {
        span.record("order.id", order);
    }
    span.record("event.id", id.as_str());
    name_trace(traceparent);
}

/// The same for the event of an envelope.
pub(crate) fn name_envelope(envelope: &Envelope) {
    name_event(&envelope.id, envelope.traceparent.as_ref());
}

/// Names a trace in the lines of the current span.
pub(crate) fn name_trace(traceparent: Option<&Traceparent>) {
    if let Some(traceparent) = traceparent {
        Span::current().record("trace_id", traceparent.trace_id());
    }
}

/// The order of an event: the subject in its id, unless it is a product.
pub fn order_of(event: &str) -> Option<&str> {
    let (service, rest) = event.split_once('/')?;
    let is_order = |known: &Service| known.as_str() == service && known.subject_kind() == "order";
    Service::ALL.iter().find(|known| is_order(known))?;
    Some(rest.split_once('/')?.0)
}

#[cfg(test)]
mod tests;
