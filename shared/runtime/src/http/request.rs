//! A request of the HTTP API gateway, payload format 2.0, parsed at the edge.

use super::objects::Objects;
use super::{Access, Caller, FieldError, Problem};
use events::{Cause, EventId, OrderId, Traceparent};
use json::JsonError;
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
    /// All headers; their names are case-insensitive.
    pub headers: HeaderMap,
    /// The body's exact bytes, decoded if the gateway encoded them.
    pub body: Vec<u8>,
    /// The caller, if the function needs a token.
    pub caller: Option<Caller>,
    /// The cause of the events that this request leads to.
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

    /// The caller, if it is an admin; else 403.
    pub fn admin(&self) -> Result<&Caller, Problem> {
        let caller = self.caller()?;
        if caller.admin { Ok(caller) } else { Err(Problem::forbidden("this needs the admin group")) }
    }

    /// Reads the body as JSON: 415 for another content type, 413 over 64 KiB, 400 if it is not JSON, 422 with a pointer if it
    /// has another shape (also a list in place of an object). Values are never echoed.
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
        let value: T = json::read(Objects(&mut parser)).map_err(|error| not_readable(&error))?;
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

    /// A whole number in the query between two bounds, with a default.
    pub fn number_in_query(&self, name: &str, default: u32, from: u32, to: u32) -> Result<u32, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(default) };
        text.parse()
            .ok()
            .filter(|number| (from..=to).contains(number))
            .ok_or_else(|| Problem::bad_request(format!("{name} is a whole number from {from} to {to}")))
    }
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

/// Reads a sample invocation, as `events/` holds them.
pub fn parse_sample(text: &str) -> Result<lambda_http::Request, serde_json::Error> {
    lambda_http::request::from_str(text)
}
