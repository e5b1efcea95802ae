//! Logs: one JSON object a line. The fields of all open spans and of the event are side by side, so that a query can filter on
//! `function`, `request_id`, `order.id` and `event.id` without knowing which span set them.
//!
//! Metrics are part of the same lines. An event with the field `metric` (the metric's name) counts one, by the stack and by the
//! fields that `metric.by` names, separated by commas: its line has the embedded metric format, which the platform reads from
//! the log. `metric.value` and `metric.unit` give it another value than one. No log level drops a line with a metric, because
//! an alarm depends on it.
//!
//! One layer does all of this, on spans that keep their fields as they are written. A general filter and a general format cost
//! every start and every line more than all else that we do for them.

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
use tracing_subscriber::registry::{LookupSpan, Registry};

/// The namespace of the metrics.
const NAMESPACE: &str = "Conveyor";
/// The field that makes an event a metric.
const METRIC: &str = "metric";

pub(crate) fn start(function: &'static str, stack: &str, level: &str) {
    let subscriber = subscriber(function, stack, level, std::io::stdout);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logs were set up before");
    }
}

/// Writes the lines of a function: to the standard output in production, to a buffer in a test. What is no level reads as `info`.
pub fn subscriber<W: Write + 'static>(
    function: &'static str,
    stack: &str,
    level: &str,
    writer: impl Fn() -> W + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let level = level.parse().unwrap_or(Level::INFO);
    Registry::default().with(Lines { level, function, stack: stack.to_owned(), writer })
}

struct Lines<F> {
    level: Level,
    function: &'static str,
    stack: String,
    writer: F,
}

/// The fields of a span.
struct SpanFields(Map<String, Value>);

impl<F> Lines<F> {
    /// Spans are kept at every level, because the line of a metric has their fields.
    fn admits(&self, what: &Metadata<'_>) -> bool {
        let always =
            *what.level() <= Level::INFO && (what.is_span() || what.fields().field(METRIC).is_some());
        always || *what.level() <= self.level
    }

    /// Turns the line into a metric if its event has the fields for it.
    fn embed_metric(&self, line: &mut Map<String, Value>, time: Timestamp) {
        let Some(Value::String(name)) = line.remove(METRIC) else { return };
        let by = line.remove("metric.by").unwrap_or_default();
        let value = line.remove("metric.value").unwrap_or_else(|| 1.into());
        let unit = line.remove("metric.unit").unwrap_or_else(|| "Count".into());
        let dimensions: Vec<&str> =
            std::iter::once("stack").chain(by.as_str().into_iter().flat_map(|by| by.split(','))).collect();
        let directive = json!({
            "Namespace": NAMESPACE,
            "Dimensions": [dimensions],
            "Metrics": [{"Name": name, "Unit": unit}],
        });
        line.insert("stack".to_owned(), self.stack.as_str().into());
        line.insert(name, value);
        let metadata = json!({"Timestamp": time.as_millisecond(), "CloudWatchMetrics": [directive]});
        line.insert("_aws".to_owned(), metadata);
    }
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
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
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
            if let Some(SpanFields(fields)) = span.extensions().get() {
                line.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Fields(&mut line));
        self.embed_metric(&mut line, time);
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
