//! One HTTP call to a provider, and its outcome.

use async_trait::async_trait;
use resilience::deadline::call_timeout;
use std::time::Duration;

/// The methods that providers' APIs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes.
    Post,
    /// Deletes.
    Delete,
}

impl Method {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A call.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Absolute URL.
    pub url: String,
    /// Header names and values. They may hold a key, so they are never logged.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The time within which the whole answer must arrive.
    pub timeout: Duration,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.method, self.url)
    }
}

/// The answer, with any status.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header names, lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, up to the adapter's bound of 1 MiB.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}", self.status)
    }
}

/// Why no answer arrived. Unless the call was not made, its effect is unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The whole answer did not arrive in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The call was cut short, or not made, because the invocation's time ran out. It shows nothing about the provider.
    #[error("no answer within {} ms, when the invocation's time ran out", .0.as_millis())]
    CutShort(Duration),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The call was not made because it is not valid: a wrong URL, a header that cannot be sent, an address that is not public.
    #[error("the call cannot be sent: {0}")]
    Invalid(String),
    /// The call was not made because too many calls failed before; the next one may be made after this time.
    #[error("not called: too many calls failed; one is made in {} s", .0.as_secs())]
    Paused(Duration),
}

/// Waits for the answer of a call for its own timeout, or less if the invocation's time runs out before.
pub async fn answer_within<T>(
    own: Duration,
    exchange: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let timeout = call_timeout(own);
    if timeout.is_zero() {
        return Err(CallError::CutShort(timeout));
    }
    match tokio::time::timeout(timeout, exchange).await {
        Ok(answer) => answer,
        Err(_) if timeout < own => Err(CallError::CutShort(timeout)),
        Err(_) => Err(CallError::TimedOut(own)),
    }
}

/// Sends a call once. It neither retries nor follows redirects; both are the caller's decision.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the call and reads the whole answer.
    async fn send(&self, call: Call) -> Result<Answer, CallError>;
}

#[cfg(test)]
mod tests;
