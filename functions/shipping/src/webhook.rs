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
use std::sync::Arc;
use webhooks::{Delivery, Name, Receiver};

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
        receiver.receive(Delivery { headers, body, cause }, read).await?;
        Ok(Reply::json(200, &serde_json::json!({ "received": true })))
    }
}

fn read(body: &[u8]) -> Result<Name, Problem> {
    let head: EventHead =
        serde_json::from_slice(body).map_err(|_| Problem::bad_request("the body is no event of EasyPost"))?;
    Ok(Name { id: head.id, event_type: head.description })
}
