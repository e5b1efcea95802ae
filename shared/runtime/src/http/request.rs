//! A request of the HTTP API gateway, payload format 2.0, parsed at the edge.

use super::event::Fields;
use super::objects::Objects;
use super::{Access, Admission, Caller, Event, FieldError, Problem, Role};
use crate::traces;
use events::{Cause, EventId, OrderId, Traceparent};
use jiff::Timestamp;
use json::JsonError;
use lambda_http::http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// The largest body that is read as JSON. (Webhooks have a bound of their own.)
const LARGEST_JSON: usize = 64 * 1024;

/// How many characters are shown of the name of an unknown parameter.
const LONGEST_SHOWN: usize = 100;

/// A request as a step sees it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method and path template, for example `PUT /products/{sku}`.
    pub route: String,
    /// The values in the path.
    pub path: HashMap<String, String>,
    /// The values in the query, see [`Request::in_query`].
    pub query: HashMap<String, String>,
    /// All headers; their names are case-insensitive.
    pub headers: HeaderMap,
    /// The body's exact bytes, decoded if the gateway encoded them.
    pub body: Vec<u8>,
    /// The caller, if the function needs a token.
    pub caller: Option<Caller>,
    /// When the caller's token expires, if it says so.
    pub token_expires_at: Option<Timestamp>,
    /// The cause of the events that this request leads to.
    pub cause: Cause,
    /// Whether the caller is within the limits.
    pub admission: Admission,
}

impl Request {
    pub(super) fn read(event: &Event, access: Option<&Access>) -> Result<Self, Problem> {
        let Fields { request_id, route, path, query, headers, body, claims } = event.fields()?;
        let header = headers.get("traceparent").and_then(|header| Traceparent::parse(header.to_str().ok()?));
        let traceparent = traces::begin_request(&route, header.as_ref());
        // Before the caller is checked, so that the line of a refusal has them too.
        tracing::Span::current().record("request_id", &request_id).record("trace_id", traceparent.trace_id());
        let token_expires_at = claims.as_ref().and_then(|claims| expiry(claims.get("exp")?));
        let caller = match (access, claims) {
            (None, _) => None,
            (Some(access), Some(claims)) => Some(access.caller(&claims, &headers)?),
            (Some(_), None) => return Err(Problem::unauthorized("the request carries no token")),
        };
        let cause = Cause {
            id: EventId::outside("request", &request_id),
            traceparent: Some(traceparent),
            actor: caller.as_ref().and_then(Caller::actor),
        };
        Ok(Self {
            route,
            path,
            query,
            headers,
            body,
            caller,
            token_expires_at,
            cause,
            admission: Admission::default(),
        })
    }

    /// A header, if it is present and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A value in the path.
    pub fn in_path(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The order id in the path (`{order_id}`); 404 if it cannot be one. It becomes a field of the log.
    pub fn order_id(&self) -> Result<OrderId, Problem> {
        let id =
            OrderId::try_from(self.in_path("order_id")).map_err(|_| Problem::not_found("no such order"))?;
        tracing::Span::current().record("order.id", id.as_str());
        Ok(id)
    }

    /// The caller; 401 if the request has none.
    pub fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(|| Problem::unauthorized("the request carries no token"))
    }

    /// The caller, if it has this role or a higher one; else 403.
    pub fn at_least(&self, role: Role) -> Result<&Caller, Problem> {
        let caller = self.caller()?;
        if caller.role >= role {
            return Ok(caller);
        }
        Err(Problem::forbidden(match role {
            Role::Customer | Role::Viewer => "this needs the viewer, the staff or the admin group",
            Role::Staff => "this needs the staff or the admin group",
            Role::Admin => "this needs the admin group",
        }))
    }

    /// The caller, if it may send this request: a `GET` needs a viewer, everything else `role`; else 403.
    pub fn to_change(&self, role: Role) -> Result<&Caller, Problem> {
        self.at_least(if self.route.starts_with("GET ") { Role::Viewer } else { role })
    }

    /// Reads the body as JSON: 415 for another content type, 413 over 64 KiB, 400 if it is not JSON, 422 with a pointer if it
    /// has another shape (also a list in place of an object). Values are never echoed.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.json_up_to(LARGEST_JSON)
    }

    /// The same, with another bound in bytes.
    pub fn json_up_to<T: DeserializeOwned>(&self, most: usize) -> Result<T, Problem> {
        let content_type = self.header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                415,
                "unsupported-media-type",
                "Only JSON is understood",
                "send the header content-type: application/json",
            ));
        }
        if self.body.len() > most {
            return Err(Problem::new(
                413,
                "too-large",
                "The body is too large",
                format!("at most {most} bytes are read"),
            ));
        }
        let mut parser = serde_json::Deserializer::from_slice(&self.body);
        // A body that cannot be read is read again, the slow way, to find where.
        let again = || json::read(Objects(&mut serde_json::Deserializer::from_slice(&self.body)));
        let value = T::deserialize(Objects(&mut parser))
            .or_else(|_| again())
            .map_err(|error| not_readable(&error))?;
        parser.end().map_err(|_| Problem::bad_request("the body holds more than one JSON value"))?;
        Ok(value)
    }

    /// Checks the body of a request that needs none: it is empty, with any content type, or `{}`.
    pub fn no_body(&self) -> Result<(), Problem> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        if self.body.is_empty() {
            return Ok(());
        }
        self.json().map(|Nothing {}| ())
    }

    /// Checks that the query of a list has no other parameters than these: `400` for one that would be ignored, because the
    /// list would not be what the caller asked for.
    pub fn query_has_only(&self, known: &[&str]) -> Result<(), Problem> {
        let Some(unknown) = self.query.keys().filter(|name| !known.contains(&name.as_str())).min() else {
            return Ok(());
        };
        let name: String = unknown.chars().take(LONGEST_SHOWN).collect();
        let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Problem::new(
            400,
            "unknown-query-parameter",
            "A query parameter is unknown",
            format!("this list has no parameter {name}; its parameters: {has}"),
        ))
    }

    /// A value in the query. An empty one is absent, because forms send it for an empty field.
    pub fn in_query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A whole number in the query between two bounds, with a default.
    pub fn number_in_query(&self, name: &str, default: u32, from: u32, to: u32) -> Result<u32, Problem> {
        let Some(text) = self.in_query(name) else { return Ok(default) };
        text.parse()
            .ok()
            .filter(|number| (from..=to).contains(number))
            .ok_or_else(|| Problem::bad_request(format!("{name} is a whole number from {from} to {to}")))
    }
}

/// Reads one item of a list that is answered item by item: `422` with a pointer within the item if it has another shape.
pub fn item<T: DeserializeOwned>(text: &RawValue) -> Result<T, Problem> {
    json::read(Objects(&mut serde_json::Deserializer::from_str(text.get())))
        .map_err(|error| not_readable(&error))
}

/// The time of a token's claim: whole seconds since 1970.
fn expiry(claim: &str) -> Option<Timestamp> {
    Timestamp::from_second(claim.parse().ok()?).ok()
}

fn not_readable(error: &JsonError) -> Problem {
    match (error.field(), error.position()) {
        (Some((pointer, detail)), _) => Problem::validation(vec![FieldError::at(pointer, detail)]),
        (None, Some((line, column))) => {
            Problem::bad_request(format!("the body is not JSON (line {line}, column {column})"))
        }
        (None, None) => Problem::bad_request("the body is not JSON"),
    }
}
