//! A system that tells by Standard Webhooks: signs what it tells, and has it kept as its receiver would.

use crate::{FixedSecrets, RequestBuilder as _, now, request};
use event_store::{Memory, StoreError};
use outbound::Secret;
use resilience::FixedClock;
use runtime::http::Request;
use runtime::stream::{Item, Record};
use serde_json::{Value, json};
use webhooks::{Delivery, Name, NotReceived, Receiver, Refusal, StandardWebhooks, Topic, event_of};

/// What every sender of a test signs with.
pub const SENDER_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The request by which `sender` tells `data` under the type, well signed.
pub fn told_by(sender: &str, id: &str, event_type: &str, data: &Value) -> Result<Request, Refusal> {
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

/// The same, kept in the inbox that the topic's service has in `table`; the record that its stream brings of it.
pub async fn keep_told(
    table: &Memory,
    topic: Topic,
    (sender, id): (&str, &str),
    event_type: &str,
    data: &Value,
) -> Result<Record, NotReceived> {
    let told = told_by(sender, id, event_type, data)?;
    let (secrets, clock) = (FixedSecrets::one(SENDER_SECRET), FixedClock::at(now()));
    let receiver = Receiver {
        source: topic.source(),
        scheme: &StandardWebhooks,
        documents: table,
        secrets: &secrets,
        secret: sender,
        clock: &clock,
    };
    let delivery = Delivery { headers: &told.headers, body: &told.body, cause: &told.cause };
    let name = Name { id: event_of(sender, id), event_type: event_type.to_owned() };
    let proven = receiver.prove(delivery).await?;
    receiver.keep(delivery, &proven, &name).await?;
    let key = webhooks::inbox::key(topic.source(), &name.id);
    let kept = table.all_documents().into_iter().find(|(found, _)| *found == key);
    let (key, document) = kept.ok_or_else(|| StoreError::Unavailable("it was not kept".to_owned()))?;
    Ok(Record { key, item: Item::Document(document) })
}
