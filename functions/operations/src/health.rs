//! `health`: `GET /health`, without a token.
//!
//! Shows that the gateway reaches a function of this stack, and its version. It reads no table: that would need extra
//! grants, and an unavailable table shows as 503 where it is used, and in alarms.

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
