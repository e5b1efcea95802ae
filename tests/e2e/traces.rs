//! The spans of one order, as a collector receives them: one trace from the request to the delivery.

use crate::expected_end::Order;
use crate::functions::Variable;
use crate::stack::{Checkout, Stack, fresh};
use crate::wait::until;
use crate::webhook_senders::{ARRIVED, MOVING, carrier_reports};
use std::collections::BTreeSet;
use tests::collector::{Collector, Received};

/// The functions that an order passes, each with at least one span.
const FUNCTIONS: [&str; 9] = [
    "place-order",
    "publish-events",
    "take-payment",
    "allocate-stock",
    "ship-order",
    "manage-shipments",
    "apply-carrier-event",
    "track-order",
    "notify-customer",
];

#[test]
fn a_collector_receives_the_spans_of_an_order_in_one_trace_from_its_request_to_its_delivery() {
    let stack = Stack::exclusive();
    let collector = Collector::answering(200);
    let _set: Vec<Variable<'_>> = FUNCTIONS
        .iter()
        .map(|function| Variable::set(&stack.emulator, function, "OTLP_ENDPOINT", &collector.url))
        .collect();
    let tea = stack.goods(950, 10);
    let order = Order::allocated(&stack, &Checkout::of(&[(&tea, 2)]));
    let code = format!("AP{}", fresh());
    stack.dispatch(&order.id, &code).expect(202);
    stack.await_status(&order.id, "shipped");
    carrier_reports(&stack, &code, &[MOVING, ARRIVED]);
    stack.await_status(&order.id, "delivered");

    let is_of_order = |span: &Received| span.text("conveyor.order.id") == Some(order.id.as_str());
    let placed = until("the span of the request", || {
        let mut spans = collector.spans().into_iter().filter(is_of_order);
        spans.find(|span| span.span.name == "POST /orders").ok_or("no span")
    });
    // `Shipped` and `Delivered`, of which the customer is notified. The operator's dispatch and the carrier's webhook begin traces of their own. What follows from their events does not.
    let in_trace = || collector.spans().into_iter().filter(|span| span.trace_id() == placed.trace_id());
    let of_parcel = |span: &Received| {
        let event = span.text("conveyor.event.id").unwrap_or_default();
        event.starts_with(&format!("shipping/{}/", order.id))
            && span.of_resource("faas.name") == Some("notify-customer")
    };
    until("the spans of Delivered in the trace of the request", || {
        let functions: BTreeSet<String> =
            in_trace().filter_map(|span| span.of_resource("faas.name").map(str::to_owned)).collect();
        let expected =
            ["place-order", "publish-events", "take-payment", "allocate-stock", "ship-order", "track-order"];
        let missing: Vec<_> = expected.iter().filter(|function| !functions.contains(**function)).collect();
        let is_delivered = in_trace().filter(of_parcel).count() >= 2;
        if missing.is_empty() && is_delivered { Ok(()) } else { Err(format!("{missing:?}, {functions:?}")) }
    });
    let spans: Vec<Received> = in_trace().collect();
    let ids: BTreeSet<Vec<u8>> = spans.iter().map(|span| span.span.span_id.clone()).collect();
    assert_eq!(ids.len(), spans.len(), "each span has an id of its own");
    let root = spans.iter().filter(|span| span.span.parent_span_id.is_empty()).count();
    assert_eq!(root, 1, "the request is the root");
    let call = spans
        .iter()
        .find(|span| span.text("peer.service") == Some("stripe"))
        .expect("a call to the provider");
    assert!(ids.contains(&call.span.parent_span_id), "the call is part of its message");
}
