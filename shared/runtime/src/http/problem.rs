//! RFC 9457 problems: our errors as a client receives them.

use super::objects::is_sendable;
use crate::panics::Panicked;
use event_store::StoreError;
use resilience::deadline::OutOfTime;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use webhooks::{NotReceived, Refusal};

/// One field that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field, for example `/items/0/sku`.
    pub pointer: String,
    /// What is wrong with it; never its value.
    pub detail: String,
}

impl FieldError {
    /// An error at a pointer.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }

    /// The error of a text that is blank, has more than `max` characters, or has control characters, U+FFFE or U+FFFF.
    pub fn text(pointer: &str, text: &str, max: usize) -> Option<Self> {
        let is_valid = is_bounded(text, max) && text.chars().all(|c| is_sendable(c) && !c.is_control());
        (!is_valid).then(|| Self::at(pointer, format!("1 to {max} characters, no control characters")))
    }

    /// The same for a text that a person writes in several lines: it may have line breaks and tabs.
    pub fn lines(pointer: &str, text: &str, max: usize) -> Option<Self> {
        let is_layout = |c| matches!(c, '\n' | '\r' | '\t');
        let is_valid = is_bounded(text, max)
            && text.chars().all(|c| is_sendable(c) && (is_layout(c) || !c.is_control()));
        (!is_valid).then(|| {
            let detail = format!("1 to {max} characters, no control characters except line breaks and tabs");
            Self::at(pointer, detail)
        })
    }
}

fn is_bounded(text: &str, max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= max
}

/// A problem: it becomes `application/problem+json` with `type`, `title`, `status`, `detail` and `errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The stable part of `type`: `urn:conveyor:problem:<kind>`.
    pub kind: &'static str,
    /// The title of every problem of this kind.
    pub title: &'static str,
    /// What happened and what the caller can do.
    pub detail: String,
    /// The fields that are not valid.
    pub errors: Vec<FieldError>,
    /// Further members of the body (RFC 9457, section 3.2), which a client reads to go on.
    pub members: Box<Map<String, Value>>,
    /// Further headers, for example `Retry-After`.
    pub headers: Vec<(&'static str, String)>,
    /// The cause, for the log only: the caller never sees it.
    pub cause: Option<String>,
}

impl Problem {
    /// A problem of any kind.
    pub fn new(status: u16, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            members: Box::default(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "bad-request", "The request cannot be understood", detail)
    }

    /// 401: the token is missing or not valid.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, "unauthorized", "A valid access token is needed", detail)
    }

    /// 403: the caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, "forbidden", "This is not allowed", detail)
    }

    /// 404: the thing does not exist, or it is not the caller's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "not-found", "This does not exist", detail)
    }

    /// 409: the current state does not allow it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, "conflict", "The current state does not allow this", detail)
    }

    /// 412: what the request changes does not have the version that the caller names.
    pub fn another_version() -> Self {
        let detail = "it does not have that version; read it again and repeat the request";
        Self::new(412, "precondition-failed", "The version has changed", detail)
    }

    /// 422: the request is understood, but these fields are not valid.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "one field is not valid".to_owned(),
            n => format!("{n} fields are not valid"),
        };
        Self { errors, ..Self::new(422, "validation", "The request is not valid", detail) }
    }

    /// 503: a dependency is out; the caller retries.
    pub fn unavailable(detail: impl Into<String>, cause: impl std::fmt::Display) -> Self {
        Self {
            headers: vec![("retry-after", "2".to_owned())],
            cause: Some(cause.to_string()),
            ..Self::new(503, "unavailable", "A dependency is out", detail)
        }
    }

    /// The same, with a further member of the body.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same, with the time to wait before a retry.
    #[must_use]
    pub fn retry_after(mut self, wait: std::time::Duration) -> Self {
        self.headers.retain(|(name, _)| *name != "retry-after");
        self.headers.push(("retry-after", wait.as_secs().to_string()));
        self
    }

    /// 500: a defect, which the operator has to examine.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(500, "internal", "Something went wrong here", "the error was logged; try again later")
        }
    }

    /// 504: the request was not finished in the time of an invocation; its effect is unknown, and a repeat is harmless.
    pub fn timed_out(cause: impl std::fmt::Display) -> Self {
        Self {
            headers: vec![("retry-after", "2".to_owned())],
            cause: Some(cause.to_string()),
            ..Self::new(
                504,
                "timed-out",
                "The request took too long",
                "it may have had its effect; send it again",
            )
        }
    }

    /// 429: the caller is over its limit.
    pub(super) fn too_many_requests(per_hour: i64, wait: u64) -> Self {
        Self {
            headers: vec![("retry-after", wait.to_string())],
            ..Self::new(
                429,
                "too-many-requests",
                "Too many requests",
                format!(
                    "at most {per_hour} requests an hour, half of them at once; try again in {wait} seconds"
                ),
            )
        }
    }

    pub(super) fn body(&self) -> String {
        // JSON of texts, numbers and JSON: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// As its caller reads it.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            detail: &'a str,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [FieldError],
            #[serde(flatten)]
            members: &'a Map<String, Value>,
        }
        let Self { kind, title, status, detail, errors, members, .. } = self;
        let r#type = format!("urn:conveyor:problem:{kind}");
        Body { r#type, title, status: *status, detail, errors, members }.serialize(serializer)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable("the table did not answer; try again", error),
            StoreError::Refused(_) | StoreError::Invalid(_) | StoreError::Corrupt { .. } => {
                Self::internal(error)
            }
        }
    }
}

impl From<OutOfTime> for Problem {
    fn from(error: OutOfTime) -> Self {
        Self::timed_out(error)
    }
}

impl From<Panicked> for Problem {
    fn from(panicked: Panicked) -> Self {
        Self::internal(panicked)
    }
}

impl From<NotReceived> for Problem {
    fn from(error: NotReceived) -> Self {
        match error {
            NotReceived::TooLarge => Self::new(413, "too-large", "The body is too large", error.to_string()),
            // An empty secret is our own misconfiguration, so the sender should retry.
            NotReceived::Refused(Refusal::EmptySecret) => {
                Self::unavailable("webhooks cannot be verified now; send it again", error)
            }
            NotReceived::Refused(refusal) => {
                Self::new(400, "bad-signature", "The signature does not hold", refusal.to_string())
            }
            NotReceived::InvalidName => Self::bad_request(error.to_string()),
            NotReceived::NoSecret(error) => {
                Self::unavailable("webhooks cannot be verified now; send it again", error)
            }
            NotReceived::Store(error) => error.into(),
        }
    }
}

impl From<event_store::StepError<Problem>> for Problem {
    fn from(error: event_store::StepError<Problem>) -> Self {
        match error {
            event_store::StepError::Refused(problem) => problem,
            event_store::StepError::Store(error) => error.into(),
        }
    }
}
