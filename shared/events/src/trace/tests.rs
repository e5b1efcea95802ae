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
