//! A finished span, made of the fields of a `tracing` span. Pure.

use serde_json::{Map, Value};

/// What a span covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An HTTP request.
    Server,
    /// A call to a provider.
    Client,
    /// A message or a record.
    Consumer,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attribute {
    Text(String),
    Number(u64),
}

/// A finished span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) trace_id: [u8; 16],
    pub(super) id: [u8; 8],
    pub(super) parent_id: Option<[u8; 8]>,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Nanoseconds since 1970.
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) attributes: Vec<(&'static str, Attribute)>,
    pub(super) has_failed: bool,
}

/// The fields that become attributes, each under its name: that of the semantic conventions of OpenTelemetry, if they have one.
const ATTRIBUTES: [(&str, &str); 10] = [
    ("otel.method", "http.request.method"),
    ("otel.route", "http.route"),
    ("otel.status", "http.response.status_code"),
    ("message.id", "messaging.message.id"),
    ("dependency", "peer.service"),
    ("request_id", "conveyor.request.id"),
    ("order.id", "conveyor.order.id"),
    ("event.id", "conveyor.event.id"),
    ("webhook.id", "conveyor.webhook.id"),
    ("message.deliveries", "conveyor.message.deliveries"),
];

impl Span {
    /// The span with these fields; `None` if it is none to export. `outer` are the fields of the spans around it, the nearest
    /// first; `function` is the name of a span that has none.
    pub(super) fn of(
        fields: &Map<String, Value>,
        outer: &[Map<String, Value>],
        function: &str,
        began: u64,
        ended: u64,
    ) -> Option<Self> {
        let kind = match text(fields, "otel.kind")? {
            "server" => Kind::Server,
            "client" => Kind::Client,
            _ => Kind::Consumer,
        };
        // A call belongs to what it is made for, and is exported with it.
        let around = match kind {
            Kind::Client => outer.iter().find(|outer| outer.contains_key("otel.span_id"))?,
            Kind::Server | Kind::Consumer => fields,
        };
        let parent =
            if kind == Kind::Client { text(around, "otel.span_id") } else { text(fields, "otel.parent_id") };
        let all = std::iter::once(fields).chain(outer);
        let value = |name: &str| all.clone().find_map(|fields| fields.get(name)).map(attribute);
        let attributes =
            ATTRIBUTES.into_iter().filter_map(|(field, name)| Some((name, value(field)?))).collect();
        let is_server_error =
            || fields.get("otel.status").and_then(Value::as_u64).is_some_and(|status| status >= 500);
        Some(Self {
            trace_id: bytes(text(around, "trace_id")?)?,
            id: bytes(text(fields, "otel.span_id")?)?,
            parent_id: parent.and_then(bytes),
            name: text(fields, "otel.name").unwrap_or(function).to_owned(),
            kind,
            began,
            ended: ended.max(began),
            attributes,
            has_failed: fields.contains_key("otel.failed") || is_server_error(),
        })
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_str()
}

fn attribute(value: &Value) -> Attribute {
    match value {
        Value::String(text) => Attribute::Text(text.clone()),
        other => other.as_u64().map_or_else(|| Attribute::Text(other.to_string()), Attribute::Number),
    }
}

/// The bytes of an id in hexadecimal digits, if there are as many.
fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if hex.len() != 2 * N || !hex.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
