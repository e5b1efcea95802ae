//! `standard-webhook`: what a system that is neither Stripe nor EasyPost tells becomes durable.
//!
//! Trigger: `POST /webhooks/standard/{source}`, signed by that source as Standard Webhooks has it.
//! Effect: one inbox item, on the condition that it is new, in the table of the service whose business the type is:
//! `payment.…` with payments, `parcel.…` with shipping. Their own readers apply it, off the sender's clock. A type of neither
//! kind is kept with the source's first and means nothing there.
//! Idempotent by the source and its `webhook-id`. `404` for a source that the setting does not name, before anything is
//! read; `400` for a signature or a body that does not hold, `403` for a type that this source is not believed about,
//! `413` over 256 KiB, and then nothing is written; `503` where the secret or the table is out of reach.
//!
//! What `webhook-inbox` may see, this function may put: keys `webhook#…` and no others, see
//! `docs/decisions/one-function-reads-every-inbox.md`.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use event_store::Documents;
use outbound::Secrets;
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request};
use serde::Deserialize;
use std::sync::Arc;
use webhooks::{EventName, IncomingWebhook, Receiver, Senders, StandardWebhooks, Topic, event_of};

/// The step. See the module.
pub struct StandardWebhook {
    /// Who may send, and about what.
    pub senders: Senders,
    /// The inbox of payments.
    pub payments: Arc<dyn Documents>,
    /// The inbox of shipping.
    pub parcels: Arc<dyn Documents>,
    /// Holds each source's signing secrets, `<prefix><source>`.
    pub secrets: Arc<dyn Secrets>,
    /// What the names of the secrets begin with.
    pub secret_prefix: String,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// What the body says of itself.
#[derive(Deserialize)]
struct Body {
    r#type: String,
}

#[async_trait]
impl Endpoint for StandardWebhook {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let sender = request.in_path("source");
        let topics = self.senders.topics(sender).unwrap_or_default();
        let [first, ..] = topics else { return Err(Problem::not_found("no such source of webhooks")) };
        let secret = format!("{}{sender}", self.secret_prefix);
        let Request { headers, body, cause, .. } = &request;
        let delivery = IncomingWebhook { headers, body, cause };
        let body = self.receiver(*first, &secret).prove(delivery).await?;
        let Body { r#type: event_type } = serde_json::from_slice(body.get())
            .map_err(|_| Problem::bad_request("the body is no JSON object with a type"))?;
        let topic = Topic::of(&event_type).unwrap_or(*first);
        if !topics.contains(&topic) {
            return Err(Problem::forbidden("this source is not believed about events of this type"));
        }
        // The scheme has seen that the header is there.
        let id = request.header("webhook-id").unwrap_or_default();
        let name = EventName { id: event_of(sender, id), event_type };
        self.receiver(topic, &secret).keep(delivery, &body, &name).await?;
        Ok(Reply::json(200, &serde_json::json!({ "received": true })))
    }
}

impl StandardWebhook {
    fn receiver<'a>(&'a self, topic: Topic, secret: &'a str) -> Receiver<'a> {
        let documents = match topic {
            Topic::Payments => &self.payments,
            Topic::Parcels => &self.parcels,
        };
        Receiver {
            source: topic.source(),
            scheme: &StandardWebhooks,
            documents: &**documents,
            secrets: &*self.secrets,
            secret,
            clock: &*self.clock,
        }
    }
}
