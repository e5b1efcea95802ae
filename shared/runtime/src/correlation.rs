//! What a span's lines are about: the order, the event, and the trace that began with the request that placed the order. A query
//! by any of these finds the lines of every function: docs/operations/logs.md.

use crate::traces;
use events::{EventId, Service, Traceparent};
use tracing::Span;

/// Names an event, its order and its trace in the lines of the current span, and begins its exported span. The span declares the
/// fields `order.id`, `event.id` and `trace_id`. Returns the trace for the events that this one causes.
pub fn begin(id: &EventId, traceparent: Option<&Traceparent>) -> Option<Traceparent> {
    let span = Span::current();
    if let Some(order) = order_of(id.as_str()) {
        span.record("order.id", order);
    }
    span.record("event.id", id.as_str());
    begin_trace(traceparent)
}

/// The same without an event.
pub(crate) fn begin_trace(traceparent: Option<&Traceparent>) -> Option<Traceparent> {
    let traceparent = traceparent?;
    Span::current().record("trace_id", traceparent.trace_id());
    Some(traces::begin(traces::CONSUMER, traceparent))
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
