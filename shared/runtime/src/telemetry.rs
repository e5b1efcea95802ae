//! Logs: one JSON object a line. The fields of all open spans and of the event are side by side, so that a query can filter on
//! `function`, `request_id`, `order.id` and `event.id` without knowing which span set them.
//!
//! Metrics are part of the same lines. An event with the field `metric` (the metric's name) counts one, by the stack and by the
//! fields that `metric.by` names, separated by commas: its line has the embedded metric format, which the platform reads from
//! the log. `metric.value` and `metric.unit` give it another value than one. No log level drops a line with a metric, because
//! an alarm depends on it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::io::Write;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The namespace of the metrics.
const NAMESPACE: &str = "Conveyor";
/// The directive that admits every event with the field `metric`.
const METRICS: &str = "[{metric}]=info";

pub(crate) fn start(function: &'static str, stack: &str, level: &str) {
    let subscriber = subscriber(function, stack, level, std::io::stdout);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logs were set up before");
    }
}

/// Writes the lines of a function: to the standard output in production, to a buffer in a test.
pub fn subscriber<W: Write>(
    function: &'static str,
    stack: &str,
    level: &str,
    writer: impl Fn() -> W + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let filter = |level: &str| EnvFilter::try_new(format!("{level},{METRICS}"));
    let filter = filter(level).or_else(|_| filter("info")).unwrap_or_default();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .fmt_fields(JsonFields::new())
        .event_format(FlatJson { function, stack: stack.to_owned() })
        .with_writer(writer)
        .finish()
}

struct FlatJson {
    function: &'static str,
    stack: String,
}

impl FlatJson {
    /// Turns the line into a metric if its event has the fields for it.
    fn embed_metric(&self, line: &mut Map<String, Value>) {
        let Some(Value::String(name)) = line.remove("metric") else { return };
        let by = line.remove("metric.by").unwrap_or_default();
        let value = line.remove("metric.value").unwrap_or_else(|| 1.into());
        let unit = line.remove("metric.unit").unwrap_or_else(|| "Count".into());
        let dimensions: Vec<&str> =
            std::iter::once("stack").chain(by.as_str().into_iter().flat_map(|by| by.split(','))).collect();
        let time = line["time"].as_str().and_then(|time| time.parse::<Timestamp>().ok()).unwrap_or_default();
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

impl<S, N> FormatEvent<S, N> for FlatJson
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> tracing_subscriber::fmt::FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = Map::new();
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        line.insert("time".to_owned(), time.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("function".to_owned(), self.function.into());
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            // The platform's own span repeats the request id under another name.
            if span.metadata().target().starts_with("lambda_runtime") {
                continue;
            }
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && let Ok(Value::Object(fields)) = serde_json::from_str(&fields.fields)
            {
                line.extend(fields);
            }
        }
        event.record(&mut Fields(&mut line));
        self.embed_metric(&mut line);
        writeln!(writer, "{}", Value::Object(line))
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
