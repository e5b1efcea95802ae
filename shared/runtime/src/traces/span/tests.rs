//! A span is made of the fields of a `tracing` span, if it is one to export.

use super::*;
use serde_json::json;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn fields(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn message() -> Map<String, Value> {
    fields(json!({
        "otel.kind": "consumer", "otel.span_id": "00000000000000ff", "otel.parent_id": "00f067aa0ba902b7",
        "trace_id": TRACE, "order.id": "o1", "reason": "not an attribute",
    }))
}

fn of(fields: &Map<String, Value>, outer: &[Map<String, Value>]) -> Option<Span> {
    Span::of(fields, outer, "take-payment", 5, 9)
}

#[test]
fn a_message_is_a_span_under_what_caused_it_with_the_listed_fields() {
    let batch = fields(json!({"request_id": "r1"}));
    let span = of(&message(), &[batch]).unwrap();
    assert_eq!(
        (span.name.as_str(), span.kind, span.began, span.ended),
        ("take-payment", Kind::Consumer, 5, 9)
    );
    assert_eq!((span.trace_id[0], span.id[7], span.parent_id.unwrap()[1]), (0x4b, 0xff, 0xf0));
    let texts = [("conveyor.request.id", "r1"), ("conveyor.order.id", "o1")];
    assert_eq!(span.attributes, texts.map(|(name, value)| (name, Attribute::Text(value.to_owned()))));
    assert!(!span.has_failed);
}

#[test]
fn a_call_is_a_span_only_below_one_and_in_its_trace() {
    let call = fields(
        json!({"otel.kind": "client", "otel.span_id": "0000000000000001", "dependency": "stripe", "otel.status": 503}),
    );
    assert_eq!(of(&call, &[fields(json!({"request_id": "r1"}))]), None, "the work around it is not exported");
    let span = of(&call, &[fields(json!({})), message()]).unwrap();
    assert_eq!((span.kind, span.parent_id), (Kind::Client, Some([0, 0, 0, 0, 0, 0, 0, 0xff])));
    assert!(
        span.has_failed && span.attributes.contains(&("http.response.status_code", Attribute::Number(503)))
    );
}

#[test]
fn a_span_without_a_kind_or_with_odd_ids_is_none() {
    assert_eq!(of(&fields(json!({"trace_id": TRACE, "otel.span_id": "00000000000000ff"})), &[]), None);
    for odd in ["", "4bf9", "4bf92f3577b34da6a3ce929d0e0e473é", "xbf92f3577b34da6a3ce929d0e0e4736"] {
        let mut message = message();
        message.insert("trace_id".to_owned(), odd.into());
        assert_eq!(of(&message, &[]), None, "{odd}");
    }
}

#[test]
fn a_clock_that_is_set_back_ends_no_span_before_it_began() {
    assert_eq!(Span::of(&message(), &[], "f", 9, 5).unwrap().ended, 9);
}
