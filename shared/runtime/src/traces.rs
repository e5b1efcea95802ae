//! OpenTelemetry spans: one for each HTTP request, message and record that is handled, and one below it for each call to a provider.
//!
//! They are made of the `tracing` spans that the log lines use, and exported over OTLP/HTTP after the work and before the
//! invocation ends: once, within half a second. An export that fails loses its spans and never fails the invocation. Without a
//! collector nothing of this is done, and a `traceparent` is passed on as it came.
//!
//! With one, the events that a request or message causes name its span as their parent, so that the spans of an order are one
//! tree: docs/operations/traces.md.

mod otlp;
mod span;

use events::Traceparent;
use outbound::{Call, Method, Transport};
use resilience::{Clock as _, SystemClock};
use serde_json::{Map, Value};
use span::Span;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How long an export may take. An answer to a caller waits for it.
const EXPORTED_WITHIN: Duration = Duration::from_millis(500);
/// The most spans that are kept for one export.
const MOST_SPANS: usize = 2_000;

/// The process's exporter; none without a collector.
static EXPORTER: OnceLock<Exporter> = OnceLock::new();

struct Exporter {
    /// Where the spans of a trace go.
    url: String,
    transport: Arc<dyn Transport>,
    function: &'static str,
    stack: String,
    spans: Mutex<Vec<Span>>,
    /// Whether the last export failed. Only the first failure of a row is logged.
    is_failing: AtomicBool,
}

/// Exports the spans of this process to a collector from now on: `endpoint` is its base URL, as in `http://127.0.0.1:4318`.
pub fn export_to(endpoint: &str, transport: Arc<dyn Transport>, function: &'static str, stack: &str) {
    let exporter = Exporter {
        url: format!("{}/v1/traces", endpoint.trim_end_matches('/')),
        transport,
        function,
        stack: stack.to_owned(),
        spans: Mutex::default(),
        is_failing: AtomicBool::new(false),
    };
    if EXPORTER.set(exporter).is_err() {
        tracing::debug!("the exporter was set up before");
    }
}

/// Whether spans are exported.
pub(crate) fn are_on() -> bool {
    EXPORTER.get().is_some()
}

/// The kind of the span of a message or a record.
pub(crate) const CONSUMER: &str = "consumer";

/// Begins the span of the work for this trace, with the fields of the current `tracing` span. Returns what the events that it
/// causes carry. The trace is passed on as it is without a collector, or if it is not recorded.
pub(crate) fn begin(kind: &'static str, trace: &Traceparent) -> Traceparent {
    if !are_on() || !trace.is_sampled() {
        return trace.clone();
    }
    tracing::Span::current().record("otel.parent_id", trace.span_id());
    begin_at(kind, trace.continued_by(fastrand::u64(1..)))
}

/// The same for a request to a route, as in `GET /orders/{order_id}`. One without a trace starts one.
pub(crate) fn begin_request(route: &str, trace: Option<&Traceparent>) -> Traceparent {
    if are_on() {
        let (method, path) = route.split_once(' ').unwrap_or(("", route));
        let span = tracing::Span::current();
        span.record("otel.name", route).record("otel.method", method).record("otel.route", path);
    }
    match trace {
        Some(trace) => begin("server", trace),
        None => begin_first("server", Traceparent::start(fastrand::u128(..), fastrand::u64(..))),
    }
}

/// Begins the first span of a trace.
fn begin_first(kind: &'static str, trace: Traceparent) -> Traceparent {
    if are_on() { begin_at(kind, trace) } else { trace }
}

fn begin_at(kind: &'static str, trace: Traceparent) -> Traceparent {
    tracing::Span::current().record("otel.kind", kind).record("otel.span_id", trace.span_id());
    trace
}

/// The moment in nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    u64::try_from(SystemClock.now().as_nanosecond()).unwrap_or(0)
}

/// Keeps a span that has ended, if it is one to export. `outer`: the fields of the spans around it, the nearest first.
pub(crate) fn keep(mut fields: Map<String, Value>, outer: &[Map<String, Value>], began: u64) {
    let Some(exporter) = EXPORTER.get() else { return };
    fields.entry("otel.span_id").or_insert_with(|| format!("{:016x}", fastrand::u64(1..)).into());
    let Some(span) = Span::of(&fields, outer, exporter.function, began, now()) else { return };
    let mut spans = exporter.spans.lock().unwrap_or_else(PoisonError::into_inner);
    if spans.len() < MOST_SPANS {
        spans.push(span);
    }
}

/// Exports the spans that have ended.
pub async fn export() {
    let Some(exporter) = EXPORTER.get() else { return };
    let spans = std::mem::take(&mut *exporter.spans.lock().unwrap_or_else(PoisonError::into_inner));
    if spans.is_empty() {
        return;
    }
    let outcome = exporter.send(&spans).await;
    let was_failing = exporter.is_failing.swap(outcome.is_err(), Ordering::Relaxed);
    if let (Err(reason), false) = (outcome, was_failing) {
        tracing::warn!(
            reason,
            spans = spans.len(),
            "spans are lost: the collector (OtlpEndpoint) did not take them"
        );
    }
}

impl Exporter {
    async fn send(&self, spans: &[Span]) -> Result<(), String> {
        let resource = [
            ("service.name", self.function),
            ("service.namespace", &self.stack),
            ("faas.name", self.function),
            ("cloud.provider", "aws"),
            ("cloud.platform", "aws_lambda"),
        ];
        let call = Call {
            method: Method::Post,
            url: self.url.clone(),
            headers: vec![("content-type".to_owned(), "application/x-protobuf".to_owned())],
            body: otlp::request(&resource, spans),
            timeout: EXPORTED_WITHIN,
        };
        match self.transport.send(call).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(format!("it answered {}", answer.status)),
            Err(error) => Err(error.to_string()),
        }
    }
}
