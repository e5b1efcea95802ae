//! The open connections of a WebSocket API: frames are posted to them one at a time, and they can be closed.

use async_trait::async_trait;

/// The most bytes that a frame may have. The gateway refuses a larger one.
///
/// [API Gateway, "Quotas for configuring and running a WebSocket API"](https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html)
pub const LARGEST_FRAME: usize = 128 * 1024;

/// Why nothing was posted, or the connection was not closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SocketError {
    /// The connection is closed. It never opens again: a client that returns has another one.
    #[error("the connection is gone")]
    Gone,
    /// The gateway throttles or does not answer, or our grant is missing. The frame may have been sent.
    #[error("the gateway did not answer: {0}")]
    Unavailable(String),
}

/// The connections of one API, by the gateway's ids.
#[async_trait]
pub trait Sockets: Send + Sync {
    /// Sends a frame of at most [`LARGEST_FRAME`] bytes. Frames may overtake each other, and a frame may be lost with its connection.
    async fn post(&self, connection: &str, frame: &str) -> Result<(), SocketError>;

    /// Closes the connection.
    async fn close(&self, connection: &str) -> Result<(), SocketError>;
}
