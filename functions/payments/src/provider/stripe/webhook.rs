//! `stripe-webhook`: keeps an event of Stripe durably.
//!
//! Trigger: `POST /webhooks/stripe`, signed by Stripe.
//! Effect: one inbox item, `webhook#stripe#<event id>`, on the condition that it is new. Nothing else:
//! [`ApplyStripeEvent`](crate::ApplyStripeEvent) decides later what the event means, so Stripe gets its answer at once.
//! Idempotent by the event's id: a duplicate is answered `200` like the first.
//! Refused with `400`, and nothing is written: an invalid signature, a body that is no event, a thin event (`v2.core.event`), an
//! event of the other mode (test on a live stack, or the reverse). `413` over 256 KiB. `503` if the secret or the table does
//! not answer; Stripe sends the event again.

#[cfg(test)]
mod tests;

use super::SOURCE;
use super::payload::Event;
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
    /// Dates inbox items.
    pub clock: Arc<dyn Clock>,
    /// Holds the signing secrets: during a rotation the old one and the new one.
    pub secrets: Arc<dyn Secrets>,
    /// Name of the secret.
    pub secret: String,
    /// Whether this stack takes events of live mode or of test mode.
    pub livemode: bool,
}

/// What distinguishes the kinds of events.
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

/// Reads an event's id and type. Refused: a body that is no event, a thin event, an event of the other mode.
pub(super) fn read(body: &[u8], livemode: bool) -> Result<EventName, Problem> {
    let kind: Kind =
        serde_json::from_slice(body).map_err(|_| Problem::bad_request("the body is no event of Stripe"))?;
    if kind.object == "v2.core.event" {
        return Err(Problem::new(
            400,
            "thin-event",
            "Thin events are not supported",
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
            "The event belongs to the other mode",
            format!("this stack takes events of {ours} mode; this is an event of {theirs} mode"),
        ));
    }
    Ok(EventName { id: event.id, event_type: event.kind })
}
