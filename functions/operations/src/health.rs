//! `health`: `GET /health`, without a token.
//!
//! Answers that the gateway reaches a function of this stack, and which version it is. It touches no table: it
//! would need grants that nothing else does, and a table that is out shows as 503 where it is used, and in alarms.

use async_trait::async_trait;
use runtime::http::{Endpoint, Problem, Reply, Request};

/// The step.
pub struct Health {
    /// The stack's name.
    pub stack: String,
}

#[async_trait]
impl Endpoint for Health {
    async fn answer(&self, _request: Request) -> Result<Reply, Problem> {
        let body = serde_json::json!({
            "status": "ok",
            "stack": self.stack,
            "version": env!("CARGO_PKG_VERSION"),
        });
        Ok(Reply::json(200, &body))
    }
}
