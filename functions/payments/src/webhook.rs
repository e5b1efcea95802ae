//! `stripe-webhook`: an event of Stripe becomes durable.
//!
//! Trigger: `POST /webhooks/stripe`, signed by Stripe.
//! Effect: one inbox item, `webhook#stripe#<event id>`, on the condition that it is new. Nothing else: what the event
//! means is decided by [`ApplyStripeEvent`](crate::ApplyStripeEvent), off the sender's clock.
//! Idempotent by the event's id: a repeat answers `200` as the first did.
//! Refused with `400`, and nothing is written: a signature that does not hold, a body that is no event, a thin event
//! (`v2.core.event`), an event of the other mode (test on a live stack, or the reverse). `413` over 256 KiB. `503` where the
//! secret or the table is out of reach, and Stripe sends it again.

#[cfg(test)]
mod tests;

use crate::SOURCE;
use crate::stripe::Event;
use async_trait::async_trait;
use event_store::Documents;
use outbound::Secrets;
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request};
use serde::Deserialize;
use std::sync::Arc;
use webhooks::{EventName, IncomingWebhook, Receiver};

/// The step. See the module.
pub struct StripeWebhook {
    /// The inbox.
    pub documents: Arc<dyn Documents>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Holds the signing secrets: during a rotation the old one and the new one.
    pub secrets: Arc<dyn Secrets>,
    /// Name of the secret.
    pub secret: String,
    /// Whether events of live mode belong here, or those of test mode.
    pub livemode: bool,
}

/// What every kind of event says of itself.
#[derive(Deserialize)]
struct Kind {
    object: String,
}

#[async_trait]
impl Endpoint for StripeWebhook {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let receiver = Receiver {
            source: SOURCE,
            scheme: &webhooks::Stripe,
            documents: &*self.documents,
            secrets: &*self.secrets,
            secret: &self.secret,
            clock: &*self.clock,
        };
        let Request { headers, body, cause, .. } = &request;
        receiver.receive(IncomingWebhook { headers, body, cause }, |body| read(body, self.livemode)).await?;
        Ok(Reply::json(200, &serde_json::json!({ "received": true })))
    }
}

/// What an event says of itself. Refused: what is no event, a thin one, one of the other mode.
pub(crate) fn read(body: &[u8], livemode: bool) -> Result<EventName, Problem> {
    let kind: Kind =
        serde_json::from_slice(body).map_err(|_| Problem::bad_request("the body is no event of Stripe"))?;
    if kind.object == "v2.core.event" {
        return Err(Problem::new(
            400,
            "thin-event",
            "Thin events are not understood",
            "send snapshot events: set the endpoint's payload style to snapshot",
        ));
    }
    let event: Event = serde_json::from_slice(body)
        .ok()
        .filter(|_| kind.object == "event")
        .ok_or_else(|| Problem::bad_request("the body is no event of Stripe"))?;
    if event.livemode != livemode {
        let (theirs, ours) = if livemode { ("test", "live") } else { ("live", "test") };
        return Err(Problem::new(
            400,
            "wrong-mode",
            "The event is of the other mode",
            format!("this stack takes events of {ours} mode, and this one is of {theirs} mode"),
        ));
    }
    Ok(EventName { id: event.id, event_type: event.kind })
}
