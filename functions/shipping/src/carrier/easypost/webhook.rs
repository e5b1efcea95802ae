//! `carrier-webhook`: makes EasyPost's webhooks durable, and does nothing else.
//!
//! Trigger: `POST /webhooks/easypost`. Effect: one inbox item, if its event id is new. Emits no events. `200` once the
//! webhook is durable; `400` for a bad signature or body and `413` over 256 KiB, with nothing written; `503` if the
//! secret or the table is unavailable, so that EasyPost sends it again.

#[cfg(test)]
mod tests;

use super::payload::EventHead;
use async_trait::async_trait;
use event_store::Documents;
use outbound::Secrets;
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request};
use std::sync::Arc;
use webhooks::{EventName, IncomingWebhook, Receiver};

/// The source of EasyPost's inbox items.
pub(crate) const SOURCE: &str = "easypost";

/// The step. See the module.
pub struct CarrierWebhook {
    /// The inbox.
    pub documents: Arc<dyn Documents>,
    /// Hold the signing secrets.
    pub secrets: Arc<dyn Secrets>,
    /// The name of the signing secrets.
    pub secret_name: String,
    /// Sets the time of receipt.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Endpoint for CarrierWebhook {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let receiver = Receiver {
            source: SOURCE,
            scheme: &webhooks::EasyPost,
            documents: &*self.documents,
            secrets: &*self.secrets,
            secret: &self.secret_name,
            clock: &*self.clock,
        };
        let Request { headers, body, cause, .. } = &request;
        receiver.receive(IncomingWebhook { headers, body, cause }, read).await?;
        Ok(Reply::json(200, &serde_json::json!({ "received": true })))
    }
}

fn read(body: &[u8]) -> Result<EventName, Problem> {
    let head: EventHead = serde_json::from_slice(body)
        .map_err(|_| Problem::bad_request("the body is not an EasyPost event"))?;
    Ok(EventName { id: head.id, event_type: head.description })
}
