//! The keys of events, and their trace: all events of an order are in one.

use super::*;
use events::{Delivered, EventId, ShippingEvent};
use jiff::Timestamp;

#[derive(Debug, Default)]
struct Nothing;

impl Aggregate for Nothing {
    type Event = ShippingEvent;

    fn evolve(&mut self, _: &ShippingEvent, _: &Envelope) {}
}

fn cause(trace: Option<Traceparent>) -> Cause {
    Cause { id: EventId::outside("test", "1"), traceparent: trace, actor: None }
}

/// The trace of the second event of a stream that began in trace 7, if this trace causes it.
fn second(stream: &StreamId, trace: Option<Traceparent>) -> Option<Traceparent> {
    let began = cause(Some(Traceparent::start(7, 1)));
    let event = ShippingEvent::from(Delivered {});
    let first = Envelope::wrap(stream.subject(), Sequence::FIRST, Timestamp::UNIX_EPOCH, &began, &event);
    History::<Nothing>::fold(vec![first]).unwrap().cause_in(stream, &cause(trace)).traceparent
}

#[test]
fn the_first_event_of_a_stream_has_its_own_sort_key() {
    let stream = StreamId::order(&OrderId::from_digest([1; 16]));
    let event = ShippingEvent::from(Delivered {});
    let first =
        Envelope::wrap(stream.subject(), Sequence::FIRST, Timestamp::UNIX_EPOCH, &cause(None), &event);
    assert_eq!(Key::of_event(&stream, &first).sk, FIRST_EVENT);
}

#[test]
fn an_event_of_an_order_continues_the_trace_in_which_the_order_began() {
    let order = StreamId::order(&OrderId::from_digest([1; 16]));
    let within = Some(Traceparent::start(7, 2));
    assert_eq!(second(&order, within.clone()), within, "the span that causes it");
    for other in [None, Some(Traceparent::start(8, 3))] {
        assert_eq!(second(&order, other), Some(Traceparent::start(7, 1)), "the trace of the order");
    }
}

#[test]
fn the_first_event_and_those_of_a_product_are_in_the_trace_of_their_request() {
    let product = StreamId::product(&Sku::try_from("TEA-01").unwrap());
    let own = Some(Traceparent::start(8, 3));
    assert_eq!(second(&product, own.clone()), own);
    let order = StreamId::order(&OrderId::from_digest([1; 16]));
    assert_eq!(History::<Nothing>::default().cause_in(&order, &cause(own.clone())).traceparent, own);
}
