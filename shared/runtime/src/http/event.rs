//! An event of the HTTP API gateway, payload format 2.0, as it arrives.
//!
//! `lambda_http` converts an event to a request too, and panics where it cannot: for a query that no URI may hold, a body that
//! is not base64, a host that is none. The gateway passes such requests on. So the fields are read here, each by itself: one
//! that is missing or odd is absent, or the request is answered with `400`.

use super::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// An event as the platform hands it over. It is parsed when it is served.
#[derive(Debug, Clone)]
pub struct Event {
    /// The platform's id of this invocation; empty for a sample.
    pub(super) request_id: String,
    json: Box<RawValue>,
}

/// The fields of an event that Conveyor uses.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) route: String,
    pub(super) path: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// The claims of the token, if the gateway verified one.
    pub(super) claims: Option<HashMap<String, String>>,
}

impl Event {
    pub(super) fn new(request_id: String, json: Box<RawValue>) -> Self {
        Self { request_id, json }
    }

    pub(super) fn fields(&self) -> Result<Fields, Problem> {
        let event: Value =
            json::from_str(self.json.get()).map_err(|_| Problem::bad_request("the event cannot be read"))?;
        let context = &event["requestContext"];
        let route = [&context["routeKey"], &event["routeKey"]].into_iter().find_map(Value::as_str);
        let Some(route) = route else {
            tracing::warn!("an event without a route is not one of an HTTP API, payload format 2.0");
            return Err(Problem::bad_request("the event names no route"));
        };
        Ok(Fields {
            route: route.to_owned(),
            path: texts(&event["pathParameters"]).unwrap_or_default(),
            query: query(&event),
            headers: headers(&event["headers"]),
            body: body(&event)?,
            claims: texts(&context["authorizer"]["jwt"]["claims"]),
        })
    }
}

/// Reads a sample invocation, as `events/` holds them.
pub fn parse_sample(text: &str) -> Result<Event, serde_json::Error> {
    Ok(Event::new(String::new(), serde_json::from_str(text)?))
}

/// The members of an object that are texts; `None` if it is no object.
fn texts(object: &Value) -> Option<HashMap<String, String>> {
    let members = object.as_object()?.iter();
    Some(members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect())
}

/// The query as it was sent: any text is a query. The gateway's own map joins repeated names with commas.
fn query(event: &Value) -> HashMap<String, String> {
    let Some(raw) = event["rawQueryString"].as_str() else {
        return texts(&event["queryStringParameters"]).unwrap_or_default();
    };
    let query: QueryMap = raw.parse().unwrap_or_default();
    query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The headers whose names and values HTTP allows.
fn headers(object: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for text in values.iter().filter_map(Value::as_str) {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.append(name.clone(), value);
            }
        }
    }
    headers
}

fn body(event: &Value) -> Result<Vec<u8>, Problem> {
    match (&event["body"], &event["isBase64Encoded"]) {
        (Value::Null, _) => Ok(Vec::new()),
        (Value::String(encoded), Value::Bool(true)) => {
            STANDARD.decode(encoded).map_err(|_| Problem::bad_request("the body is not base64"))
        }
        (Value::String(text), _) => Ok(text.clone().into_bytes()),
        _ => Err(Problem::bad_request("the body is not a text")),
    }
}
