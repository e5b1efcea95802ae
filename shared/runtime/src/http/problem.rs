//! RFC 9457 problems: what our own errors look like on the wire.

use event_store::StoreError;
use serde::Serialize;
use webhooks::{NotReceived, Refusal};

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field, for example `/items/0/sku`.
    pub pointer: String,
    /// What is wrong with it, without its value.
    pub detail: String,
}

impl FieldError {
    /// An error at a pointer.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// A problem: it becomes `application/problem+json` with `type`, `title`, `status`, `detail` and `errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The stable part of `type`: `urn:conveyor:problem:<kind>`.
    pub kind: &'static str,
    /// A title that is the same for every problem of this kind.
    pub title: &'static str,
    /// What happened and what to do, for a person.
    pub detail: String,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
    /// Further headers, for example `Retry-After`.
    pub headers: Vec<(&'static str, String)>,
    /// What lies behind it: for the log, never for the caller.
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
            headers: Vec::new(),
            cause: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "bad-request", "The request cannot be understood", detail)
    }

    /// 401: no sound token.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, "unauthorized", "A valid access token is needed", detail)
    }

    /// 403: the caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, "forbidden", "This is not allowed", detail)
    }

    /// 404: there is no such thing, or it is not the caller's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, "not-found", "There is no such thing", detail)
    }

    /// 409: the thing's state does not allow it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, "conflict", "The current state does not allow this", detail)
    }

    /// 422: understood, and wrong in these fields.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "one field is not valid".to_owned(),
            n => format!("{n} fields are not valid"),
        };
        Self { errors, ..Self::new(422, "validation", "The request is not valid", detail) }
    }

    /// 503: something that is needed is out; come back.
    pub fn unavailable(detail: impl Into<String>, cause: impl std::fmt::Display) -> Self {
        Self {
            headers: vec![("retry-after", "2".to_owned())],
            cause: Some(cause.to_string()),
            ..Self::new(503, "unavailable", "A dependency is out", detail)
        }
    }

    /// The same, with the time after which it is worth coming back.
    #[must_use]
    pub fn back_in(mut self, wait: std::time::Duration) -> Self {
        self.headers.retain(|(name, _)| *name != "retry-after");
        self.headers.push(("retry-after", wait.as_secs().to_string()));
        self
    }

    /// 500: something that cannot be, and that somebody has to look at.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(500, "internal", "Something went wrong here", "the error was logged; try again later")
        }
    }

    pub(super) fn too_many_requests(limit: u64, resets_in: u64) -> Self {
        Self {
            headers: vec![
                ("retry-after", resets_in.to_string()),
                ("ratelimit", format!("\"hour\";r=0;t={resets_in}")),
                ("ratelimit-policy", format!("\"hour\";q={limit};w=3600")),
            ],
            ..Self::new(
                429,
                "too-many-requests",
                "Too many requests",
                format!("at most {limit} requests an hour; come back in {resets_in} seconds"),
            )
        }
    }

    pub(super) fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            detail: &'a str,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [FieldError],
        }
        let body = Body {
            r#type: format!("urn:conveyor:problem:{}", self.kind),
            title: self.title,
            status: self.status,
            detail: &self.detail,
            errors: &self.errors,
        };
        // Texts and numbers only: this cannot fail.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::unavailable("the table did not answer; try again", error),
            StoreError::Refused(_) | StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<NotReceived> for Problem {
    fn from(error: NotReceived) -> Self {
        match error {
            NotReceived::TooLarge => Self::new(413, "too-large", "The body is too large", error.to_string()),
            // What nobody can sign with is ours to mend, and the sender is right to come back.
            NotReceived::Refused(Refusal::EmptySecret) => {
                Self::unavailable("webhooks cannot be verified now; send it again", error)
            }
            NotReceived::Refused(refusal) => {
                Self::new(400, "bad-signature", "The signature does not hold", refusal.to_string())
            }
            NotReceived::Unnamed => Self::bad_request(error.to_string()),
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
