//! One HTTP call to a provider, and what came of it.

use async_trait::async_trait;
use std::time::Duration;

/// The methods that providers' APIs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks.
    Get,
    /// Does.
    Post,
    /// Undoes.
    Delete,
}

/// A call.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// What to do.
    pub method: Method,
    /// Absolute URL.
    pub url: String,
    /// Header names and values. May hold a key: never logged.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.method, self.url)
    }
}

/// What the other side answered, whatever the status.
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

/// No answer came. Whether the other side did anything is not known, unless the call was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The time ran out.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The call itself is not sound: a wrong URL, a header that cannot be sent.
    #[error("the call cannot be sent: {0}")]
    Unsound(String),
    /// The call was not made: so many before it failed that the other side is left alone for this long.
    #[error("not called: too many calls failed; one is made in {} s", .0.as_secs())]
    Paused(Duration),
}

/// Sends a call once. No retries, no redirects: who calls decides.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends it and reads the whole answer.
    async fn send(&self, call: Call) -> Result<Answer, CallError>;
}
