//! A valid `traceparent` is kept unchanged; an invalid one is rejected, so that a new trace starts.

use super::*;

#[test]
fn a_valid_header_is_kept_unchanged() {
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_eq!(Traceparent::parse(header).unwrap().as_str(), header);
}

#[test]
fn an_invalid_header_starts_a_new_trace() {
    for wrong in [
        "",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    ] {
        assert_eq!(Traceparent::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_started_trace_reads_back() {
    let started = Traceparent::start(7, 9);
    assert_eq!(Traceparent::parse(started.as_str()), Some(started));
}

#[test]
fn a_trace_is_continued_under_its_own_id_and_flags() {
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let trace = Traceparent::parse(header).unwrap();
    assert_eq!((trace.trace_id(), trace.span_id()), ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"));
    assert!(!trace.is_sampled() && Traceparent::start(7, 9).is_sampled());
    let next = trace.continued_by(255);
    assert_eq!(next.as_str(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00000000000000ff-00");
    assert_eq!(Traceparent::parse(next.as_str()), Some(next));
}

#[test]
fn what_a_message_holds_in_its_place_has_no_ids() {
    let trace: Traceparent = serde_json::from_str("\"00-é\"").unwrap();
    assert_eq!((trace.trace_id(), trace.span_id(), trace.is_sampled()), ("", "", false));
}
