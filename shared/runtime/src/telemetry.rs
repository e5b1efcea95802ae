//! Logs: one JSON object a line. The fields of all open spans and of the event are side by side, so that a query can filter on
//! `function`, `request_id`, `order.id` and `event.id` without knowing which span set them.
//!
//! Metrics are part of the same lines: a line with metrics has the embedded metric format, which the platform reads from the log.
//! There are two kinds. No log level drops a line of either.
//!
//! - **Of alarms.** An event with the field `metric` (the metric's name) counts one, by the stack and by the fields that
//!   `metric.by` names, separated by commas. `metric.value` and `metric.unit` give it another value than one.
//! - **Of the dashboard**, several in one line. The field `metrics` declares them, with units and dimensions, as in
//!   `"Handled Age/Milliseconds; Orders by status"`; each value is the field of the same name, a number or several with commas
//!   between them. What has no value is left out. A line without a message is there for its metrics alone, so it is as
//!   short as possible. The setting `METRICS` leaves all of these out.
//!
//! One layer does all of this, on spans that keep their fields as they are written. A general filter and a general format cost
//! every start and every line more than all else that we do for them.

use crate::traces;
use jiff::Timestamp;
use resilience::{Clock as _, SystemClock};
use serde_json::{Map, Value, json};
use std::io::Write;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry, SpanRef};

/// The namespace of the metrics.
const NAMESPACE: &str = "Conveyor";
/// The field that makes an event a metric of an alarm.
const METRIC: &str = "metric";
/// The field that declares metrics of the dashboard.
const METRICS: &str = "metrics";

/// Which metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metrics {
    /// All.
    All,
    /// Those of alarms.
    OfAlarms,
}

pub(crate) fn start(function: &'static str, stack: &str, level: &str, metrics: Metrics) {
    let subscriber = subscriber(function, stack, level, metrics, std::io::stdout);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logs were set up before");
    }
    tracing::info!(metrics = "ColdStarts", ColdStarts = 1_u64);
}

/// Writes the lines of a function: to the standard output in production, to a buffer in a test. What is no level reads as `info`.
pub fn subscriber<W: Write + 'static>(
    function: &'static str,
    stack: &str,
    level: &str,
    metrics: Metrics,
    writer: impl Fn() -> W + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let level = level.parse().unwrap_or(Level::INFO);
    Registry::default().with(Lines { level, function, stack: stack.to_owned(), metrics, writer })
}

struct Lines<F> {
    level: Level,
    function: &'static str,
    stack: String,
    metrics: Metrics,
    writer: F,
}

/// The fields of a span, and when it began, in nanoseconds since 1970.
struct SpanFields {
    fields: Map<String, Value>,
    began: u64,
}

/// What the names of fields begin with that only an exported span has.
const OF_TRACES: &str = "otel.";

impl<F> Lines<F> {
    /// Spans are kept at every level, because the line of a metric has their fields.
    fn admits(&self, what: &Metadata<'_>) -> bool {
        let has = |name| what.fields().field(name).is_some();
        let is_of_dashboard = self.metrics == Metrics::All && has(METRICS);
        let always = *what.level() <= Level::INFO && (what.is_span() || has(METRIC) || is_of_dashboard);
        always || *what.level() <= self.level
    }

    /// Whether a line is worth writing: it says something, or has metrics. It is turned into the embedded metric format.
    fn complete(&self, line: &mut Map<String, Value>, time: Timestamp) -> bool {
        let mut directives: Vec<Value> = of_alarm(line).into_iter().collect();
        if let Some(Value::String(declared)) = line.remove(METRICS) {
            directives
                .extend(declared.split(';').filter_map(|group| of_dashboard(line, group, self.metrics)));
        }
        let (is_said, has_metrics) = (line.contains_key("message"), !directives.is_empty());
        if has_metrics {
            line.insert("stack".to_owned(), self.stack.as_str().into());
            let metadata = json!({"Timestamp": time.as_millisecond(), "CloudWatchMetrics": directives});
            line.insert("_aws".to_owned(), metadata);
        }
        if !is_said {
            // The metadata has the time.
            line.retain(|name, _| !matches!(name.as_str(), "time" | "level"));
        }
        is_said || has_metrics
    }
}

/// The metric of an alarm, if the line has the fields for one.
fn of_alarm(line: &mut Map<String, Value>) -> Option<Value> {
    let Value::String(name) = line.remove(METRIC)? else { return None };
    let by = line.remove("metric.by").unwrap_or_default();
    let value = line.remove("metric.value").unwrap_or_else(|| 1.into());
    let unit = line.remove("metric.unit").unwrap_or_else(|| "Count".into());
    line.insert(name.clone(), value);
    Some(directive(by.as_str(), &[json!({"Name": name, "Unit": unit})]))
}

/// The metrics of one declaration that have values, as in `Orders Age/Milliseconds by status`.
fn of_dashboard(line: &mut Map<String, Value>, declared: &str, written: Metrics) -> Option<Value> {
    let (names, by) = declared.split_once(" by ").map_or((declared, None), |(names, by)| (names, Some(by)));
    let mut metrics = Vec::new();
    for declared in names.split_whitespace() {
        let (name, unit) = declared.split_once('/').unwrap_or((declared, "Count"));
        let Some(value) = line.remove(name) else { continue };
        if written == Metrics::All {
            line.insert(name.to_owned(), numbers(value));
            metrics.push(json!({"Name": name, "Unit": unit}));
        }
    }
    (!metrics.is_empty()).then(|| directive(by, &metrics))
}

/// Several numbers in a text become a list.
fn numbers(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    text.split(',').filter_map(|number| number.parse::<u64>().ok()).collect()
}

fn directive(by: Option<&str>, metrics: &[Value]) -> Value {
    let dimensions: Vec<&str> =
        std::iter::once("stack").chain(by.into_iter().flat_map(|by| by.split(','))).collect();
    json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics})
}

impl<S, W, F> Layer<S> for Lines<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Write,
    F: Fn() -> W + 'static,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.admits(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.admits(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.level.max(Level::INFO)))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        // The platform's own span repeats the request id under another name.
        let is_ours = !attributes.metadata().target().starts_with("lambda_runtime");
        if let (true, Some(span)) = (is_ours, context.span(id)) {
            let mut fields = Map::new();
            attributes.record(&mut Fields(&mut fields));
            let began = if traces::are_on() { traces::now() } else { 0 };
            span.extensions_mut().insert(SpanFields { fields, began });
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id).filter(|_| traces::are_on()) else { return };
        let fields_of = |span: SpanRef<'_, S>| {
            let extensions = span.extensions();
            extensions.get().map(|SpanFields { fields, began }| (fields.clone(), *began))
        };
        let mut around = span.scope().filter_map(fields_of);
        let Some((fields, began)) = around.next() else { return };
        traces::keep(fields, &around.map(|(fields, _)| fields).collect::<Vec<_>>(), began);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields { fields, .. }) = span.extensions_mut().get_mut()
        {
            values.record(&mut Fields(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let (time, mut line) = (SystemClock.now(), Map::new());
        line.insert("time".to_owned(), format!("{time:.6}").into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("function".to_owned(), self.function.into());
        for span in
            context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(SpanFields { fields, .. }) = span.extensions().get() {
                let of_lines = fields.iter().filter(|(name, _)| !name.starts_with(OF_TRACES));
                line.extend(of_lines.map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Fields(&mut line));
        if !self.complete(&mut line, time) {
            return;
        }
        // One write, so that the lines of two threads do not mix. A log that cannot be written cannot be reported either.
        drop((self.writer)().write_all(format!("{}\n", Value::Object(line)).as_bytes()));
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests;
