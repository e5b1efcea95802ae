//! `stripe-webhook`: an event of Stripe becomes durable.
//!
//! Trigger: `POST /webhooks/stripe`, signed by Stripe.
//! Effect: one inbox item, `webhook#stripe#<event id>`, on the condition that it is new. Nothing else: what the event
//! means is decided by [`ApplyStripeEvent`](crate::ApplyStripeEvent), off the sender's clock.
//! Idempotent by the event's id: a repeat answers `200` as the first did.
//! Refused with `400`, and nothing is written: a signature that does not hold, a body that is no event, a thin event
//! (`v2.core.event`), an event of the other mode (test on a live stack, or the reverse). `413` over 256 KiB.

use crate::SOURCE;
use crate::stripe::Event;
use async_trait::async_trait;
use event_store::Documents;
use outbound::{SecretError, Secrets};
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request};
use serde::Deserialize;
use std::sync::Arc;
use webhooks::inbox;

/// The largest event that is read.
const LARGEST_BODY: usize = 256 * 1024;
/// The longest event id and type that are kept.
const LONGEST_NAME: usize = 200;

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
        if request.body.len() > LARGEST_BODY {
            let detail = format!("at most {LARGEST_BODY} bytes are read");
            return Err(Problem::new(413, "too-large", "The body is too large", detail));
        }
        let secrets = self.secrets.current(&self.secret).await.map_err(|error| match error {
            SecretError::Unavailable { .. } => {
                Problem::unavailable("the signing secret is out of reach", error)
            }
            SecretError::Missing { .. } => Problem::internal(error),
        })?;
        let now = self.clock.now();
        let verified = webhooks::verify(&webhooks::Stripe, &request.headers, &request.body, &secrets, now)
            .map_err(|refusal| {
                Problem::new(400, "bad-signature", "The signature does not hold", refusal.to_string())
            })?;
        let event = self.read(verified.get())?;
        let kept =
            inbox::keep(&*self.documents, SOURCE, &verified, &event.id, &event.kind, &request.cause, now)
                .await?;
        tracing::info!(webhook.id = event.id, webhook.type = event.kind, ?kept, "received");
        Ok(Reply::json(200, &serde_json::json!({ "received": true })))
    }
}

impl StripeWebhook {
    fn read(&self, body: &[u8]) -> Result<Event, Problem> {
        let kind: Kind = serde_json::from_slice(body)
            .map_err(|_| Problem::bad_request("the body is no event of Stripe"))?;
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
            .filter(|event: &Event| kind.object == "event" && is_name(&event.id) && is_name(&event.kind))
            .ok_or_else(|| Problem::bad_request("the body is no event of Stripe"))?;
        if event.livemode != self.livemode {
            let (theirs, ours) = if self.livemode { ("test", "live") } else { ("live", "test") };
            return Err(Problem::new(
                400,
                "wrong-mode",
                "The event is of the other mode",
                format!("this stack takes events of {ours} mode, and this one is of {theirs} mode"),
            ));
        }
        Ok(event)
    }
}

/// Ids and types become parts of keys.
fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use crate::testing::World;
    use serde_json::{Value, json};
    use testkit::{RequestBuilder as _, request};

    fn body(change: impl Fn(&mut Value)) -> Vec<u8> {
        let mut event = json!({
            "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": false,
            "data": {"object": {"id": "pi_1"}},
        });
        change(&mut event);
        event.to_string().into_bytes()
    }

    #[tokio::test]
    async fn a_signed_event_is_kept_once() {
        let world = World::new();
        for _ in 0..2 {
            let reply = world.receive(world.signed(&body(|_| {}))).await.unwrap();
            assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"received":true}"#));
        }
        assert_eq!(world.table.all_documents().len(), 1);
    }

    #[tokio::test]
    async fn what_is_refused_leaves_nothing_behind() {
        let world = World::new();
        let too_large = vec![b' '; super::LARGEST_BODY + 1];
        let mut tampered = world.signed(&body(|_| {}));
        tampered.body.push(b' ');
        let mut unsigned = request("POST /webhooks/stripe");
        unsigned.body = body(|_| {});
        let cases = [
            (tampered, 400, "bad-signature"),
            (unsigned.clone(), 400, "bad-signature"),
            (unsigned.header("stripe-signature", "t=1,v1=00"), 400, "bad-signature"),
            (world.signed(b"{"), 400, "bad-request"),
            (world.signed(&body(|event| event["object"] = json!("v2.core.event"))), 400, "thin-event"),
            (world.signed(&body(|event| event["livemode"] = json!(true))), 400, "wrong-mode"),
            (world.signed(&body(|event| event["id"] = json!("evt#1"))), 400, "bad-request"),
            (world.signed(&body(|event| event["data"] = json!(null))), 400, "bad-request"),
            (world.signed(&too_large), 413, "too-large"),
        ];
        for (request, status, kind) in cases {
            let problem = world.receive(request).await.unwrap_err();
            assert_eq!((problem.status, problem.kind), (status, kind));
        }
        assert!(world.table.all_documents().is_empty());
    }
}
