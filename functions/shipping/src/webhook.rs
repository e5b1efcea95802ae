//! `carrier-webhook`: what EasyPost sends becomes durable, and nothing else happens.
//!
//! Trigger: `POST /webhooks/easypost`. Effect: one inbox item, if its event id is new. Says no events. `200` once it
//! is durable or was before; `400` for a bad signature or body, `413` over 256 KiB, and then nothing is written;
//! `503` where the secret or the table is out, and EasyPost sends it again.

#[cfg(test)]
mod tests;

use crate::easypost::EventHead;
use async_trait::async_trait;
use event_store::Documents;
use outbound::Secrets;
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request};
use serde::Serialize;
use std::sync::Arc;
use webhooks::inbox::{self, Kept};

const LARGEST_BODY: usize = 256 * 1024;

/// How inbox items of EasyPost are named.
pub(crate) const SOURCE: &str = "easypost";

/// The step. See the module.
pub struct CarrierWebhook {
    /// The inbox.
    pub documents: Arc<dyn Documents>,
    /// Where the signing secrets are.
    pub secrets: Arc<dyn Secrets>,
    /// Their name there.
    pub secret_name: String,
    /// Dates the arrival.
    pub clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Received {
    /// Whether it is new; a repeat is as well received.
    new: bool,
}

#[async_trait]
impl Endpoint for CarrierWebhook {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        if request.body.len() > LARGEST_BODY {
            let detail = format!("at most {LARGEST_BODY} bytes are read");
            return Err(Problem::new(413, "too-large", "The body is too large", detail));
        }
        let secrets =
            self.secrets.current(&self.secret_name).await.map_err(|error| {
                Problem::unavailable("webhooks cannot be verified now; send it again", error)
            })?;
        let now = self.clock.now();
        let body = webhooks::verify(&webhooks::EasyPost, &request.headers, &request.body, &secrets, now)
            .map_err(|refusal| {
                Problem::new(400, "bad-signature", "The signature does not hold", refusal.to_string())
            })?;
        let head: EventHead = serde_json::from_slice(body.get())
            .map_err(|_| Problem::bad_request("the body is no event of EasyPost"))?;
        if !is_key(&head.id) || !is_key(&head.description) {
            return Err(Problem::bad_request("the event's id or description is not of its shape"));
        }
        let kept =
            inbox::keep(&*self.documents, SOURCE, &body, &head.id, &head.description, &request.cause, now)
                .await?;
        tracing::info!(webhook.id = head.id, webhook.type = head.description, new = kept == Kept::New, "kept");
        Ok(Reply::json(200, &Received { new: kept == Kept::New }))
    }
}

/// The id becomes part of a key, and of what later events name as their cause.
fn is_key(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}
