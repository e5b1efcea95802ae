//! `issue-ticket`: `POST /live/tickets`. A browser can send no token with a handshake, and no token belongs into a URL.
//!
//! - Effect: a ticket for one connection, of 60 seconds. Only its hash is stored, with the digest of the caller, whether it
//!   works for the shop, and when its token expires.
//! - Answers `201` with the ticket. Each request gets another one; what is not used expires.

use super::followers::{Followers, TICKET_LASTS};
use crate::Summary;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outbound::RandomBytes;
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request};
use runtime::websocket::Holder;
use serde_json::json;
use std::sync::Arc;

/// The step.
pub struct IssueTicket {
    /// The table of live tracking.
    pub followers: Followers,
    /// The random bytes of tickets.
    pub random: Arc<dyn RandomBytes>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Endpoint for IssueTicket {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let caller = request.caller()?;
        request.no_body()?;
        let until = request
            .token_expires_at
            .ok_or_else(|| Problem::unauthorized("the token does not say when it expires"))?;
        let bytes =
            self.random.bytes().ok_or_else(|| Problem::internal("the machine has no random bytes"))?;
        let ticket = URL_SAFE_NO_PAD.encode(bytes);
        let holder = Holder {
            caller: Summary::customer_partition(&caller.customer),
            of_shop: caller.is_of_shop(),
            until,
        };
        self.followers.issue(&ticket, &holder, self.clock.now()).await?;
        Ok(Reply::json(201, &json!({ "ticket": ticket, "expires_in": TICKET_LASTS.as_secs() })))
    }
}

#[cfg(test)]
mod tests;
