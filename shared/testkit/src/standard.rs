//! A sender of Standard Webhooks: it signs webhooks, and stores them in the inbox as their receiver does.

use crate::{FixedSecrets, RequestBuilder as _, now, request};
use event_store::{Memory, StoreError};
use outbound::Secret;
use resilience::FixedClock;
use runtime::http::Request;
use runtime::stream::{Item, Record};
use serde_json::{Value, json};
use webhooks::{
    EventName, IncomingWebhook, NotReceived, Receiver, Refusal, StandardWebhooks, Topic, event_of,
};

/// The secret with which every sender of a test signs.
pub const SENDER_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A webhook of `sender` with a valid signature.
pub fn sign_webhook(sender: &str, id: &str, event_type: &str, data: &Value) -> Result<Request, Refusal> {
    let body = json!({"type": event_type, "timestamp": "2026-01-02T03:04:05Z", "data": data});
    let body = body.to_string().into_bytes();
    let signature = StandardWebhooks::sign(id, &body, &Secret::new(SENDER_SECRET), now())?;
    let mut request = request("POST /webhooks/standard/{source}")
        .path("source", sender)
        .header("webhook-id", id)
        .header("webhook-timestamp", &now().as_second().to_string())
        .header("webhook-signature", &signature);
    request.body = body;
    Ok(request)
}

/// Stores a webhook of `sender` in the inbox in `table`, the table of the topic's service. Returns its stream record.
pub async fn receive_webhook(
    table: &Memory,
    topic: Topic,
    (sender, id): (&str, &str),
    event_type: &str,
    data: &Value,
) -> Result<Record, NotReceived> {
    let webhook = sign_webhook(sender, id, event_type, data)?;
    let (secrets, clock) = (FixedSecrets::one(SENDER_SECRET), FixedClock::at(now()));
    let receiver = Receiver {
        source: topic.source(),
        scheme: &StandardWebhooks,
        documents: table,
        secrets: &secrets,
        secret: sender,
        clock: &clock,
    };
    let delivery = IncomingWebhook { headers: &webhook.headers, body: &webhook.body, cause: &webhook.cause };
    let name = EventName { id: event_of(sender, id), event_type: event_type.to_owned() };
    let proven = receiver.prove(delivery).await?;
    receiver.keep(delivery, &proven, &name).await?;
    let key = webhooks::inbox::key(topic.source(), &name.id);
    let kept = table.all_documents().into_iter().find(|(found, _)| *found == key);
    let (key, document) =
        kept.ok_or_else(|| StoreError::Unavailable("the webhook was not stored".to_owned()))?;
    Ok(Record { key, item: Item::Document(document) })
}
