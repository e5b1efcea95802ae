//! The log of one order, from its request to its delivery: every line leads to the order, to its request and to its trace.

use cost::log_of_a_delivered_order;
use serde_json::Value;
use std::collections::BTreeSet;

/// Functions whose requests and records name no order yet: the receiver of a carrier's webhook only keeps it.
const BEFORE_THE_ORDER_IS_KNOWN: [&str; 2] = ["carrier-webhook", "stripe-webhook"];

fn text<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line[name].as_str()
}

#[test]
fn every_line_of_an_order_names_the_order_its_event_and_its_request() {
    let (order, lines) = log_of_a_delivered_order();
    let functions: BTreeSet<&str> = lines.iter().filter_map(|line| text(line, "function")).collect();
    assert!(functions.len() > 9, "only {functions:?} wrote lines");
    for line in &lines {
        assert!(text(line, "request_id").is_some(), "{line}");
        if line.get("message").is_none() {
            // Only for metrics: of a batch, or of an order.
            continue;
        }
        assert!(text(line, "trace_id").is_some(), "{line}");
        let function = text(line, "function").unwrap();
        if !BEFORE_THE_ORDER_IS_KNOWN.contains(&function) {
            assert_eq!(text(line, "order.id"), Some(order.as_str()), "{line}");
            let is_of_request = line.get("http.status").is_some();
            assert!(is_of_request || text(line, "event.id").is_some(), "{line}");
        }
    }
}

#[test]
fn one_trace_leads_from_the_request_to_the_delivery() {
    let (_, lines) = log_of_a_delivered_order();
    let placed = lines.iter().find(|line| line["message"] == "order placed").unwrap();
    let trace = text(placed, "trace_id").unwrap();
    let of_events = lines.iter().filter(|line| text(line, "message") == Some("published"));
    let traces: BTreeSet<_> = of_events.map(|line| text(line, "trace_id")).collect();
    assert_eq!(traces, BTreeSet::from([Some(trace)]), "the traces of the published events");
    let delivered = lines.iter().find(|line| line["message"] == "appended Delivered").unwrap();
    assert_eq!(text(delivered, "trace_id"), Some(trace), "the carrier's webhook has a trace of its own");
    let webhook = lines.iter().find(|line| line["function"] == "carrier-webhook").unwrap();
    assert_ne!(text(webhook, "trace_id"), Some(trace));
}
