//! A reply: JSON, or bytes of a file, with a status and headers.

use super::Problem;
use lambda_http::{Body, Response};
use serde::Serialize;

/// What the caller receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beside the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The content type of the body.
    pub content_type: &'static str,
    /// The body, unless it is bytes.
    pub body: String,
    /// The body of a file, in place of the text.
    pub bytes: Option<&'static [u8]>,
}

impl Reply {
    /// JSON with a status.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        // Our own structs always have a JSON form.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { status, headers: Vec::new(), content_type: "application/json", body, bytes: None }
    }

    /// A file that the function embeds. The gateway receives it encoded, so it may hold any bytes.
    pub const fn bytes(status: u16, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { status, headers: Vec::new(), content_type, body: String::new(), bytes: Some(bytes) }
    }

    /// The same, with a further header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::builder()
            .status(self.status)
            .header("content-type", self.content_type)
            .header("x-content-type-options", "nosniff");
        if !self.headers.iter().any(|(name, _)| *name == "cache-control") {
            response = response.header("cache-control", "no-store");
        }
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let body = self.bytes.map_or(Body::Text(self.body), |bytes| Body::Binary(bytes.to_vec()));
        response.body(body).unwrap_or_else(|error| {
            tracing::error!(%error, "our own reply cannot be sent: a header is not valid");
            let mut broken = Response::new(Body::Empty);
            *broken.status_mut() = lambda_http::http::StatusCode::INTERNAL_SERVER_ERROR;
            broken
        })
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        Self {
            status: problem.status,
            content_type: "application/problem+json",
            body: problem.body(),
            headers: problem.headers,
            bytes: None,
        }
    }
}
