//! An event of the HTTP API gateway, payload format 2.0, as it arrives.
//!
//! `lambda_http` converts an event to a request too, and panics where it cannot: for a query that no URI may hold, a body that
//! is not base64, a host that is none. The gateway passes such requests on. So the fields are read here, each by itself: one
//! that is missing or odd is absent, or the request is answered with `400`.

use super::Problem;
use crate::members::{Members, Text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

/// An event as the platform hands it over. It is parsed when it is served.
#[derive(Debug, Clone)]
pub struct Event {
    /// The platform's id of this invocation; empty for a sample.
    pub(super) invocation_id: String,
    json: Box<RawValue>,
}

/// The fields of an event that Conveyor uses.
#[derive(Debug)]
pub(super) struct Fields {
    /// The gateway's id of the request, which its answer shows as `apigw-requestid`; the invocation's if it has none.
    pub(super) request_id: String,
    pub(super) route: String,
    pub(super) path: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// The claims of the token, if the gateway verified one.
    pub(super) claims: Option<HashMap<String, String>>,
}

impl Event {
    pub(super) fn new(invocation_id: String, json: Box<RawValue>) -> Self {
        Self { invocation_id, json }
    }

    pub(super) fn fields(&self) -> Result<Fields, Problem> {
        let event: Members<'_> =
            json::from_str(self.json.get()).map_err(|_| Problem::bad_request("the event cannot be read"))?;
        let context = event.members("requestContext");
        let Some(route) = context.text("routeKey").or_else(|| event.text("routeKey")) else {
            tracing::warn!("an event without a route is not one of an HTTP API, payload format 2.0");
            return Err(Problem::bad_request("the event names no route"));
        };
        let token = context.members("authorizer").members("jwt");
        Ok(Fields {
            request_id: context.text("requestId").map_or_else(|| self.invocation_id.clone(), Cow::into_owned),
            route: route.into_owned(),
            path: event.members("pathParameters").texts(),
            query: query(&event),
            headers: headers(&event.members("headers")),
            body: body(&event)?,
            claims: token.read::<Members<'_>>("claims").map(|claims| claims.texts()),
        })
    }
}

/// Reads a sample invocation, as `events/` holds them.
pub fn parse_sample(text: &str) -> Result<Event, serde_json::Error> {
    Ok(Event::new(String::new(), serde_json::from_str(text)?))
}

/// Reads what a probe parses: a request with all that an event has.
pub(crate) fn parse_probe() -> Result<(), crate::Error> {
    let event = parse_sample(include_str!("../../../../events/place-order/basic.json"))?;
    event.fields().map(drop).map_err(|problem| problem.detail.into())
}

/// The query as it was sent: any text is a query. The gateway's own map joins repeated names with commas.
fn query(event: &Members<'_>) -> HashMap<String, String> {
    let Some(raw) = event.text("rawQueryString") else {
        return event.members("queryStringParameters").texts();
    };
    let query: QueryMap = raw.parse().unwrap_or_default();
    query.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The headers whose names and values HTTP allows.
fn headers(members: &Members<'_>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(members.each().len());
    for (Text(name), value) in members.each() {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        let list = || serde_json::from_str::<Vec<Member<'_>>>(value.get()).ok();
        let values =
            serde_json::from_str(value.get()).map(|text| vec![Member::Text(text)]).ok().or_else(list);
        for value in values.into_iter().flatten() {
            let Member::Text(Text(text)) = value else { continue };
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.append(name.clone(), value);
            }
        }
    }
    headers
}

/// A member of a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Member<'a> {
    #[serde(borrow)]
    Text(Text<'a>),
    Other(IgnoredAny),
}

fn body(event: &Members<'_>) -> Result<Vec<u8>, Problem> {
    let Some(raw) = event.read::<Option<&RawValue>>("body").flatten() else { return Ok(Vec::new()) };
    let Ok(Text(text)) = serde_json::from_str(raw.get()) else {
        return Err(Problem::bad_request("the body is not a text"));
    };
    if event.read("isBase64Encoded") == Some(true) {
        return STANDARD.decode(&*text).map_err(|_| Problem::bad_request("the body is not base64"));
    }
    Ok(text.into_owned().into_bytes())
}
