//! A request of the HTTP API gateway, payload format 2.0, parsed at the edge.

use super::objects::Objects;
use super::{Access, Caller, FieldError, Problem};
use events::{Cause, EventId, OrderId, Traceparent};
use lambda_http::RequestExt as _;
use lambda_http::http::HeaderMap;
use lambda_http::request::RequestContext;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The largest body that is read as JSON. (Webhooks have a bound of their own.)
const LARGEST_JSON: usize = 64 * 1024;

/// A request as a step sees it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method and path template, for example `PUT /products/{sku}`.
    pub route: String,
    /// The values in the path.
    pub path: HashMap<String, String>,
    /// The values in the query.
    pub query: HashMap<String, String>,
    /// All headers, looked up whatever their case.
    pub headers: HeaderMap,
    /// The body's exact bytes, decoded where the gateway had encoded them.
    pub body: Vec<u8>,
    /// Who calls, where a token is asked for.
    pub caller: Option<Caller>,
    /// What an event that this request leads to comes of.
    pub cause: Cause,
}

impl Request {
    pub(super) fn read(
        raw: lambda_http::Request,
        request_id: &str,
        access: Option<&Access>,
    ) -> Result<Self, Problem> {
        let Some(RequestContext::ApiGatewayV2(context)) = raw.request_context_ref() else {
            return Err(Problem::internal("not a request of an HTTP API, payload format 2.0"));
        };
        let route = context.route_key.clone().unwrap_or_default();
        let claims = context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
        let caller = match (access, claims) {
            (None, _) => None,
            (Some(access), Some(jwt)) => Some(access.caller(&jwt.claims)?),
            (Some(_), None) => return Err(Problem::unauthorized("the request carries no token")),
        };
        let firsts = |map: Option<&lambda_http::aws_lambda_events::query_map::QueryMap>| {
            map.into_iter().flat_map(|map| map.iter()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
        };
        let path = firsts(raw.path_parameters_ref());
        let query = firsts(raw.query_string_parameters_ref());
        let traceparent = raw
            .headers()
            .get("traceparent")
            .and_then(|header| Traceparent::parse(header.to_str().ok()?))
            .unwrap_or_else(|| Traceparent::start(fastrand::u128(..), fastrand::u64(..)));
        let (parts, body) = raw.into_parts();
        Ok(Self {
            route,
            path,
            query,
            headers: parts.headers,
            body: body.as_ref().to_vec(),
            caller,
            cause: Cause { id: EventId::outside("request", request_id), traceparent: Some(traceparent) },
        })
    }

    /// The text of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A value in the path.
    pub fn in_path(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The order id in the path (`{order_id}`); 404 where it cannot be one. It joins the log's fields.
    pub fn order_id(&self) -> Result<OrderId, Problem> {
        let id =
            OrderId::try_from(self.in_path("order_id")).map_err(|_| Problem::not_found("no such order"))?;
        tracing::Span::current().record("order.id", id.as_str());
        Ok(id)
    }

    /// The caller; 401 where there is none.
    pub fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(|| Problem::unauthorized("the request carries no token"))
    }

    /// The caller, if they belong to the admin group; else 403.
    pub fn admin(&self) -> Result<&Caller, Problem> {
        let caller = self.caller()?;
        if caller.admin { Ok(caller) } else { Err(Problem::forbidden("this needs the admin group")) }
    }

    /// Reads the body as JSON: 415 for another content type, 413 over 64 KiB, 400 for what is not JSON, 422 with
    /// a pointer for JSON of another shape, a list where an object belongs among it. Values are never echoed.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
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
        if self.body.len() > LARGEST_JSON {
            return Err(Problem::new(
                413,
                "too-large",
                "The body is too large",
                format!("at most {LARGEST_JSON} bytes are read"),
            ));
        }
        let mut parser = serde_json::Deserializer::from_slice(&self.body);
        let value: T =
            serde_path_to_error::deserialize(Objects(&mut parser)).map_err(|error| wrong_shape(&error))?;
        parser.end().map_err(|_| Problem::bad_request("there is more after the JSON value"))?;
        Ok(value)
    }

    /// Reads the body of a request that needs none: no bytes at all, of whatever content type, or `{}`.
    pub fn nothing(&self) -> Result<(), Problem> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        if self.body.is_empty() {
            return Ok(());
        }
        self.json().map(|Nothing {}| ())
    }

    /// A whole number in the query between two bounds, with a default.
    pub fn number_in_query(&self, name: &str, default: u32, from: u32, to: u32) -> Result<u32, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(default) };
        text.parse()
            .ok()
            .filter(|number| (from..=to).contains(number))
            .ok_or_else(|| Problem::bad_request(format!("{name} is a whole number from {from} to {to}")))
    }
}

fn wrong_shape(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    use serde_json::error::Category;
    match error.inner().classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            let (line, column) = (error.inner().line(), error.inner().column());
            Problem::bad_request(format!("the body is not JSON (line {line}, column {column})"))
        }
        Category::Data => {
            let pointer: Vec<String> = error.path().iter().filter_map(reference_token).collect();
            let pointer = pointer.concat();
            Problem::validation(vec![FieldError::at(pointer, in_words(&error.inner().to_string()))])
        }
    }
}

/// One step of a JSON pointer.
fn reference_token(segment: &serde_path_to_error::Segment) -> Option<String> {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// The parser's message for a person: without the value that it quotes, its position, and the names of Rust's types.
fn in_words(message: &str) -> String {
    // From the right: what is quoted may hold these words as well.
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    match message.rsplit_once("expected ") {
        Some((quoting, expected))
            if quoting.starts_with("invalid") || quoting.starts_with("unknown variant") =>
        {
            format!("expected {}", shape(expected))
        }
        _ => message.chars().take(200).collect(),
    }
}

fn shape(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ => expected,
    }
}

/// Reads a sample invocation, as `events/` holds them.
pub fn parse_sample(text: &str) -> Result<lambda_http::Request, serde_json::Error> {
    lambda_http::request::from_str(text)
}
