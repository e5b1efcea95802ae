//! `webhook-inbox`: shows the received webhooks and their results, and replays one. A viewer reads, an admin replays.
//!
//! - Trigger: `GET /webhooks/inbox`, `GET /webhooks/inbox/{id}`, `POST /webhooks/inbox/{id}/replay`. An id is
//!   `<source>:<the source's event id>`, percent-encoded in a path.
//! - Effect of a replay: one item beside the inbox item, with the caller and the time, durable before the `202`. The service's
//!   stream reader then applies the webhook again. Effects that exist already are not repeated.
//! - Publishes: nothing.
//!
//! The inbox items are in the tables of the services that they are for. This function may read and write only their keys
//! `webhook#…`, see `docs/decisions/one-function-reads-every-inbox.md`.

mod cursor;
mod list;
mod redact;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use event_store::{Document, Documents, Key, Pages};
use events::EventId;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request, Role};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use webhooks::Topic;
use webhooks::inbox::replay::{self, Replay};
use webhooks::inbox::verdict::{self, Conclusion, Status, Verdict};
use webhooks::inbox::{self, InboxItem, ReceivedBy};

/// The step. See the module.
pub struct WebhookInbox {
    /// The inbox of each source.
    pub sources: Vec<InboxSource>,
    /// Gives the time of a replay.
    pub clock: Arc<dyn Clock>,
}

/// The inbox of one source.
pub struct InboxSource {
    /// The source, for example `stripe`.
    pub source: &'static str,
    /// The table of the service that the webhooks are for.
    pub documents: Arc<dyn Documents>,
    /// The table's inbox index.
    pub index: Arc<dyn Pages>,
}

/// A service's table, and its inbox index.
pub type InboxTable = (Arc<dyn Documents>, Arc<dyn Pages>);

impl InboxSource {
    /// Every source, in the tables of payments and shipping.
    pub fn all(payments: &InboxTable, shipping: &InboxTable) -> Vec<Self> {
        [
            ("stripe", payments),
            ("easypost", shipping),
            (Topic::Payments.source(), payments),
            (Topic::Parcels.source(), shipping),
        ]
        .map(|(source, (documents, index))| Self {
            source,
            documents: documents.clone(),
            index: index.clone(),
        })
        .into()
    }
}

/// A webhook as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    id: String,
    source: &'static str,
    r#type: String,
    received_at: Timestamp,
    status: &'static str,
    /// The ids of the events that it led to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    led_to: Vec<EventId>,
    /// Why it was ignored, or what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The key under which it is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_under: Option<String>,
}

/// A webhook with its body and replays.
#[derive(Debug, Serialize)]
struct Page {
    #[serde(flatten)]
    summary: Summary,
    came_by: ReceivedBy,
    headers: BTreeMap<String, String>,
    /// The body as received, byte for byte but for its secrets; `null` if it was erased.
    body: Box<RawValue>,
    replays: Vec<Replay>,
}

#[async_trait]
impl Endpoint for WebhookInbox {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let caller = request.to_change(Role::Admin)?;
        match request.route.as_str() {
            "GET /webhooks/inbox" => self.list(&request).await,
            "GET /webhooks/inbox/{id}" => self.page(&request).await,
            "POST /webhooks/inbox/{id}/replay" => {
                let (inbox_source, event_id) = self.find(&request).await?;
                let replay = Replay { asked_at: self.clock.now(), asked_by: caller.customer.clone() };
                replay::ask(&*inbox_source.documents, inbox_source.source, &event_id, &replay).await?;
                let id = id_of(inbox_source.source, &event_id);
                tracing::info!(
                    webhook.source = inbox_source.source,
                    webhook.id = event_id,
                    "a replay was requested"
                );
                Ok(Reply::json(202, &serde_json::json!({ "id": id, "asked_at": replay.asked_at })))
            }
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

impl WebhookInbox {
    /// The source and the event id of the webhook that the id in the path names.
    ///
    /// The gateway decodes the path once. If nothing has the id then, it is decoded once more, for a client that encodes twice
    /// and for a gateway that does not decode.
    async fn find(&self, request: &Request) -> Result<(&InboxSource, String), Problem> {
        let id = request.in_path("id");
        let decoded = percent_decode_str(id).decode_utf8().unwrap_or_default();
        let ids = [id, &*decoded];
        for id in if ids[0] == ids[1] { &ids[..1] } else { &ids[..] } {
            let Some((source, event_id)) = id.split_once(':') else { continue };
            let inbox_source = self.sources.iter().find(|inbox_source| inbox_source.source == source);
            let Some(inbox_source) = inbox_source.filter(|_| webhooks::is_kept_id(event_id)) else {
                continue;
            };
            let found = inbox_source.documents.get(&inbox::key(source, event_id)).await?;
            if found.is_some_and(|document| !document.has_expired(self.clock.now())) {
                return Ok((inbox_source, event_id.to_owned()));
            }
        }
        Err(no_such_webhook())
    }

    async fn page(&self, request: &Request) -> Result<Reply, Problem> {
        let (inbox_source, event_id) = self.find(request).await?;
        let place = inbox::key(inbox_source.source, &event_id);
        let items = inbox_source.documents.list(&place.pk, "").await?;
        let at = |sk: &str| items.iter().find(|(key, _)| key.sk == sk);
        let (key, document) = at(inbox::SORT_KEY).ok_or_else(no_such_webhook)?;
        let (arrival, body) = inbox::open(document, key)?;
        let body = if arrival.is_erased() { b"null".to_vec() } else { body };
        let conclusion = at(verdict::SORT_KEY).map(|(key, document)| document.read::<Conclusion>(key));
        let replays = items.iter().filter(|(key, _)| key.sk.starts_with(replay::PREFIX));
        let page = Page {
            summary: Summary::of(inbox_source.source, &arrival, conclusion.transpose()?.map(|it| it.verdict)),
            came_by: arrival.by,
            headers: arrival.headers,
            body: unchanged(body)?,
            replays: replays.map(|(key, document)| document.read(key)).collect::<Result<_, _>>()?,
        };
        Ok(Reply::json(200, &page))
    }
}

impl Summary {
    /// Its id.
    pub(crate) fn id(&self) -> String {
        self.id.clone()
    }

    /// Whether it waits for a person, or for its order.
    pub(crate) fn needs_a_person(&self) -> bool {
        self.status == Status::Failed.as_str() || self.status == Status::Parked.as_str()
    }

    /// What the oldest has first.
    pub(crate) fn order(&self) -> (Timestamp, &str) {
        (self.received_at, &self.id)
    }

    pub(crate) fn of(source: &'static str, arrival: &InboxItem, verdict: Option<Verdict>) -> Self {
        let status = verdict.as_ref().map_or(Status::Received, Verdict::status);
        let (mut led_to, mut reason, mut waits_under) = (Vec::new(), None, None);
        match verdict {
            Some(Verdict::Applied { led_to: events }) => led_to = events,
            Some(Verdict::Ignored { reason: why } | Verdict::Failed { reason: why }) => reason = Some(why),
            Some(Verdict::Parked { key }) => waits_under = Some(key),
            Some(Verdict::AlreadyKnown) | None => {}
        }
        Self {
            id: id_of(source, &arrival.event_id),
            source,
            r#type: arrival.event_type.clone(),
            received_at: arrival.received_at,
            status: status.as_str(),
            led_to,
            reason,
            waits_under,
        }
    }

    /// From the verdict's item, which holds no body.
    pub(crate) fn concluded(source: &'static str, conclusion: Conclusion) -> Self {
        let Conclusion { event_id, event_type, received_at, verdict } = conclusion;
        Self::of(source, &InboxItem::without_body(event_id, event_type, received_at), Some(verdict))
    }

    /// From the inbox item, before a verdict exists.
    fn received(source: &'static str, key: &Key, document: &Document) -> Result<Self, Problem> {
        Ok(Self::of(source, &document.read(key)?, None))
    }
}

fn id_of(source: &str, event_id: &str) -> String {
    format!("{source}:{event_id}")
}

fn no_such_webhook() -> Problem {
    Problem::not_found("no such webhook; webhooks are kept for 30 days")
}

/// The body byte for byte, because the sender signed this form of its numbers and this order of its fields. Only secrets are
/// hidden.
fn unchanged(body: Vec<u8>) -> Result<Box<RawValue>, Problem> {
    let text = String::from_utf8(body).map_err(Problem::internal)?;
    RawValue::from_string(redact::redact(&text)).map_err(Problem::internal)
}
