//! `standard-webhook`: keeps webhooks of systems other than Stripe and EasyPost in the inbox.
//!
//! - Trigger: `POST /webhooks/standard/{source}`, signed by that source as in Standard Webhooks.
//! - Effect: one inbox item, on the condition that it is new, in the table of the service that the type belongs to:
//!   `payment.…` to payments, `parcel.…` to shipping. The service's stream reader applies it after the sender got its answer.
//!   Any other type is kept in the first inbox of the source, and ignored there.
//! - Idempotent by the source and its `webhook-id`.
//! - Errors: `404` for a source that the setting does not name, before anything is read. `400` for an invalid signature or
//!   body, `403` for a type that this source may not send or a parcel of another carrier, `413` over 256 KiB; nothing is written then. `503` if the secret or
//!   the table is unavailable.
//!
//! This function may write only the keys that `webhook-inbox` may read, `webhook#…`, see
//! `docs/decisions/one-function-reads-every-inbox.md`.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use event_store::Documents;
use outbound::Secrets;
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use webhooks::{
    EventName, IncomingWebhook, NotReceived, Receiver, Senders, StandardWebhooks, Topic, event_of,
};

/// The step. See the module.
pub struct StandardWebhook {
    /// The sources, and the topics that each may send.
    pub senders: Senders,
    /// The inbox of payments.
    pub payments: Arc<dyn Documents>,
    /// The inbox of shipping.
    pub parcels: Arc<dyn Documents>,
    /// The signing secrets of each source, named `<prefix><source>`.
    pub secrets: Arc<dyn Secrets>,
    /// The prefix of the secrets' names.
    pub secret_prefix: String,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The part of the body that selects the inbox.
#[derive(Deserialize)]
struct Body {
    r#type: String,
    #[serde(default)]
    data: Value,
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
        let Body { r#type: event_type, data } = serde_json::from_slice(body.get())
            .map_err(|_| Problem::bad_request("the body is not a JSON object with a type"))?;
        let topic = Topic::of(&event_type).unwrap_or(*first);
        if !topics.contains(&topic) {
            return Err(Problem::forbidden("this source may not send events of this type"));
        }
        // A report without a carrier is kept, and its reader says what it lacks.
        let another_carriers = |carrier: &str| !self.senders.reports_parcels_of(sender, carrier);
        if Topic::of(&event_type) == Some(Topic::Parcels)
            && data["carrier"].as_str().is_some_and(another_carriers)
        {
            return Err(Problem::forbidden("this source may not report parcels of this carrier"));
        }
        // The signature check made sure that the header exists.
        let id = request.header("webhook-id").unwrap_or_default();
        if !webhooks::is_event_id(id) {
            return Err(NotReceived::InvalidName.into());
        }
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
