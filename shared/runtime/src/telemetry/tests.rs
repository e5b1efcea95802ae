//! A log line has the fields of its spans and its event, and counts a metric if its event names one.

use super::*;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The text that `write` logs, at this log level and with these metrics.
fn text(level: &str, metrics: Metrics, write: impl FnOnce()) -> String {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = subscriber("place-order", "shop", level, metrics, move || writer.clone());
    tracing::subscriber::with_default(subscriber, write);
    let text = captured.0.lock().unwrap().clone();
    String::from_utf8(text).unwrap()
}

/// The line that `write` logs, at this log level.
fn line(level: &str, write: impl FnOnce()) -> Value {
    serde_json::from_str(&text(level, Metrics::All, write)).unwrap()
}

#[test]
fn fields_of_spans_and_of_the_event_are_side_by_side() {
    let line = line("info", || {
        let outer = tracing::info_span!("invocation", request_id = "r1");
        let _outer = outer.enter();
        let inner = tracing::info_span!("message", order.id = "o1");
        let _inner = inner.enter();
        tracing::info!(event.id = "orders/o1/1", count = 3, "appended");
    });
    for (name, expected) in [
        ("function", "place-order"),
        ("request_id", "r1"),
        ("order.id", "o1"),
        ("event.id", "orders/o1/1"),
        ("message", "appended"),
        ("level", "INFO"),
    ] {
        assert_eq!(line[name], expected, "{name} in {line}");
    }
    assert_eq!(line["count"], 3);
    assert_eq!((line.get("_aws"), line.get("stack")), (None, None), "no metric");
}

#[test]
fn an_event_that_names_a_metric_is_a_line_in_the_embedded_metric_format() {
    // The line has the fields of its spans at every level.
    let mut line = line("error", || {
        let span = tracing::info_span!("message", request_id = "r1");
        let _span = span.enter();
        tracing::error!(
            metric = "AttentionRaised",
            metric.by = "attention",
            attention = "stuck",
            order.id = "o1",
            "look"
        );
    });
    let time: Timestamp = line["time"].as_str().unwrap().parse().unwrap();
    line.as_object_mut().unwrap().remove("time");
    assert_eq!(
        line,
        json!({
            "_aws": {
                "Timestamp": time.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": "Conveyor",
                    "Dimensions": [["stack", "attention"]],
                    "Metrics": [{"Name": "AttentionRaised", "Unit": "Count"}],
                }],
            },
            "AttentionRaised": 1,
            "stack": "shop",
            "attention": "stuck",
            "level": "ERROR",
            "function": "place-order",
            "message": "look",
            "order.id": "o1",
            "request_id": "r1",
        })
    );
}

#[test]
fn a_metric_may_have_a_value_a_unit_and_several_dimensions() {
    let line = line("info", || {
        tracing::info!(
            metric = "HeartbeatLag",
            metric.by = "function,table",
            metric.unit = "Milliseconds",
            metric.value = 250_u64,
            table = "orders",
            "alive"
        );
    });
    assert_eq!(
        line["_aws"]["CloudWatchMetrics"],
        json!([{
            "Namespace": "Conveyor",
            "Dimensions": [["stack", "function", "table"]],
            "Metrics": [{"Name": "HeartbeatLag", "Unit": "Milliseconds"}],
        }])
    );
    assert_eq!(line["HeartbeatLag"], 250);
    assert_eq!((&line["stack"], &line["table"]), (&json!("shop"), &json!("orders")));
    assert!(line.get("metric.value").is_none() && line.get("metric.unit").is_none(), "{line}");
}

#[test]
fn no_log_level_drops_a_metric() {
    for level in ["error", "warn", "info", "nonsense"] {
        let line = line(level, || {
            tracing::info!(metric = "HeartbeatLag", metric.by = "function", "alive");
        });
        assert_eq!(line["HeartbeatLag"], 1, "at {level}");
    }
}

#[test]
fn a_line_below_the_level_is_not_written() {
    let write = || {
        tracing::debug!("debug");
        tracing::info!("info");
        tracing::error!("error");
    };
    let lines = |level: &str| text(level, Metrics::All, write).lines().count();
    assert_eq!((lines("debug"), lines("info"), lines("error"), lines("nonsense")), (3, 2, 1, 2));
}

#[test]
fn a_field_that_a_span_learns_later_is_in_its_lines() {
    let line = line("info", || {
        let span = tracing::info_span!("request", request_id = "r1", order.id = tracing::field::Empty);
        let _span = span.enter();
        span.record("order.id", "o1");
        tracing::info!(error = %"not valid", "refused");
    });
    assert_eq!(
        (&line["request_id"], &line["order.id"], &line["error"]),
        (&json!("r1"), &json!("o1"), &json!("not valid"))
    );
    let time = line["time"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.len() == "2026-01-02T03:04:05.000006Z".len(), "{time}");
}

#[test]
fn the_platforms_own_span_is_left_out() {
    let line = line("info", || {
        let span =
            tracing::info_span!(target: "lambda_runtime::layers", "Lambda runtime invoke", requestId = "r1");
        let _span = span.enter();
        tracing::info!("answered");
    });
    assert!(line.get("requestId").is_none(), "{line}");
}

/// Metrics of the dashboard, one of them without a value.
fn measured() {
    let span = tracing::info_span!("batch", request_id = "r1");
    let _span = span.enter();
    tracing::info!(
        metrics = "Handled Retried Age/Milliseconds; Orders by status,currency",
        Handled = 2_u64,
        Retried = None::<u64>,
        Age = "12,15",
        Orders = 1_u64,
        status = "paid",
        currency = "EUR",
    );
}

#[test]
fn one_line_has_several_metrics_with_lists_of_values_and_dimensions_of_their_own() {
    let mut line = line("error", measured);
    assert!(line["_aws"]["Timestamp"].take().is_i64());
    assert_eq!(
        line,
        json!({
            "_aws": {"Timestamp": null, "CloudWatchMetrics": [
                {"Namespace": "Conveyor", "Dimensions": [["stack"]], "Metrics": [
                    {"Name": "Handled", "Unit": "Count"}, {"Name": "Age", "Unit": "Milliseconds"},
                ]},
                {"Namespace": "Conveyor", "Dimensions": [["stack", "status", "currency"]], "Metrics": [
                    {"Name": "Orders", "Unit": "Count"},
                ]},
            ]},
            "Handled": 2, "Age": [12, 15], "Orders": 1, "status": "paid", "currency": "EUR",
            "stack": "shop", "function": "place-order", "request_id": "r1",
        })
    );
}

#[test]
fn a_line_for_metrics_alone_is_not_written_without_a_value_or_if_only_alarms_have_metrics() {
    assert_eq!(text("info", Metrics::All, || tracing::info!(metrics = "Handled", Handled = None::<u64>)), "");
    assert_eq!(text("info", Metrics::OfAlarms, measured), "");
    let said =
        || tracing::info!(metrics = "Orders by status", Orders = 1_u64, status = "placed", "order placed");
    let line: Value = serde_json::from_str(&text("info", Metrics::OfAlarms, said)).unwrap();
    assert_eq!(
        (line.get("_aws"), line.get("Orders"), &line["message"]),
        (None, None, &json!("order placed"))
    );
    let of_alarm = || tracing::error!(metric = "Panicked", "a defect");
    let line: Value = serde_json::from_str(&text("error", Metrics::OfAlarms, of_alarm)).unwrap();
    assert_eq!(line["Panicked"], 1);
}
