//! Classifies a dead letter: what it is, what it is about, and what the operator can do with it. Pure.
//!
//! Of a body only fields that have the form of a key or an id are shown. A body may hold an address, and an unreadable one
//! may hold anything.

use super::batch;
use jiff::Timestamp;
use outbound::{DeadLetteredBy, Letter, StoredBatch};
use resilience::Failure;
use runtime::queue::Message;
use serde::Serialize;
use serde_json::Value;
use webhooks::inbox;
use webhooks::inbox::replay;

/// The longest reason that is shown, in characters.
const LONGEST_REASON: usize = 600;
/// The longest id, type or key that is shown, in bytes.
const LONGEST_NAME: usize = 200;
/// The longest message group that SQS allows.
const LONGEST_GROUP: usize = 128;

/// A dead letter as a list shows it.
#[derive(Debug, Serialize)]
pub(crate) struct LetterView {
    pub(crate) id: String,
    /// The id that the message had in its queue: the log lines of its function name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message_id: Option<String>,
    pub(crate) since: Option<Timestamp>,
    /// The function, or `queue`, `topic`, `platform`, `unknown`.
    #[serde(rename = "set_aside_by")]
    pub(crate) dead_lettered_by: String,
    pub(crate) reason: String,
    pub(crate) kind: Kind,
    pub(crate) about: About,
    pub(crate) explain: String,
    /// Whether the message can be sent to its queue again, or the batch to its reader.
    pub(crate) can_be_requeued: bool,
    #[serde(skip)]
    pub(crate) batch: Option<StoredBatch>,
}

/// The kind of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A message from a queue.
    Message,
    /// A message from a queue that this build cannot read.
    Unreadable,
    /// The key of an event that a stream reader could not handle.
    StreamEvent,
    /// A batch of records that a stream reader could not take.
    StreamBatch,
    /// The key of a webhook in the inbox that could not be applied.
    Webhook,
    /// A failed run of a scheduled function.
    ScheduledRun,
    /// None of these.
    Unknown,
}

/// The ids and keys of what a dead letter is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) event_type: Option<String>,
    /// The id of the order, or the SKU of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// As `GET /webhooks/inbox` lists it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_id: Option<String>,
    /// The key of an item in the service's own table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pk: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sk: Option<String>,
    /// The object with a stream's batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    /// The endpoint of an outgoing webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery_id: Option<String>,
}

impl About {
    /// The message group: a fair queue does not let the backlog of one group delay the others.
    pub(crate) fn group(&self) -> String {
        let group = self.endpoint_id.as_ref().or(self.subject.as_ref());
        group.map_or_else(|| "dead-letters".to_owned(), |group| group.chars().take(LONGEST_GROUP).collect())
    }
}

impl LetterView {
    /// Classifies a dead letter of the function. `has_queue`: a queue feeds the function.
    pub(crate) fn of(letter: &Letter, function: &str, has_queue: bool) -> Self {
        let body: Value = serde_json::from_str(&letter.body).unwrap_or_default();
        let (kind, about) =
            if has_queue { classify_message(&letter.body, &body) } else { classify_record(&body) };
        let batch = batch::named_in(&body).filter(|_| kind == Kind::StreamBatch);
        let (dead_lettered_by, reason) = origin(&letter.dead_lettered_by, kind, &body);
        Self {
            id: letter.id.clone(),
            message_id: letter.message_id.clone(),
            since: letter.since,
            dead_lettered_by,
            reason: reason.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect(),
            kind,
            explain: explain(kind, function, &about),
            about,
            can_be_requeued: matches!(kind, Kind::Message | Kind::Unreadable | Kind::StreamBatch),
            batch,
        }
    }
}

fn classify_message(text: &str, body: &Value) -> (Kind, About) {
    let about = About {
        event_id: name(&body["id"]),
        event_type: name(&body["type"]),
        subject: name(&body["subject"]),
        endpoint_id: name(&body["endpoint"]),
        delivery_id: name(&body["delivery"]),
        ..About::default()
    };
    let is_job = about.endpoint_id.is_some() && about.delivery_id.is_some();
    let is_event = !matches!(Message::read(text, 1), Err(Failure::Reject { .. }));
    (if is_job || is_event { Kind::Message } else { Kind::Unreadable }, about)
}

/// A dead letter of a stream reader or of a scheduled function.
fn classify_record(body: &Value) -> (Kind, About) {
    if body["requestContext"]["functionArn"].is_string() {
        return (Kind::ScheduledRun, About::default());
    }
    if let Some(batch) = batch::named_in(body) {
        return (Kind::StreamBatch, About { object: Some(batch.object), ..About::default() });
    }
    let (Some(pk), Some(sk)) = (partition(&body["pk"]), name(&body["sk"])) else {
        return (Kind::Unknown, About::default());
    };
    let parts: Vec<&str> = pk.split('#').collect();
    let (kind, about) = match parts.as_slice() {
        ["webhook", source, event_id] if sk == inbox::SORT_KEY || sk.starts_with(replay::PREFIX) => {
            (Kind::Webhook, About { webhook_id: Some(format!("{source}:{event_id}")), ..About::default() })
        }
        ["order" | "product", subject] => {
            (Kind::StreamEvent, About { subject: Some((*subject).to_owned()), ..About::default() })
        }
        _ => (Kind::Unknown, About::default()),
    };
    (kind, About { pk: Some(pk), sk: Some(sk), ..about })
}

/// A partition key. That of a webhook may have any character of a sender's id.
fn partition(value: &Value) -> Option<String> {
    let is_webhook = |pk: &&str| {
        let parts = pk.strip_prefix("webhook#").and_then(|rest| rest.split_once('#'));
        parts.is_some_and(|(source, id)| webhooks::is_name(source) && webhooks::is_kept_id(id))
    };
    name(value).or_else(|| value.as_str().filter(is_webhook).map(str::to_owned))
}

/// The text, if it has the form of an id, a type or a key. Anything else is not shown.
fn name(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-/#:".contains(&b);
    ((1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(is_allowed)).then(|| text.to_owned())
}

/// What dead-lettered the message, and the reason.
fn origin(dead_lettered_by: &DeadLetteredBy, kind: Kind, body: &Value) -> (String, String) {
    let (by, reason) = match dead_lettered_by {
        DeadLetteredBy::Function { name, reason } => return (name.clone(), reason.clone()),
        DeadLetteredBy::Topic { reason } => {
            return ("topic".to_owned(), format!("could not be delivered: {reason}"));
        }
        DeadLetteredBy::Queue => ("queue", "received more often than its queue allows (maxReceiveCount)"),
        DeadLetteredBy::Unknown => match kind {
            Kind::ScheduledRun => return ("platform".to_owned(), run_error(body)),
            Kind::Message | Kind::Unreadable => {
                ("unknown", "not given: its topic could not deliver it, or an operator sent it here")
            }
            Kind::StreamBatch => {
                ("platform", "its reader could not take it for 21 hours, so its event source gave it up")
            }
            Kind::StreamEvent | Kind::Webhook | Kind::Unknown => ("unknown", "not given"),
        },
    };
    (by.to_owned(), reason.to_owned())
}

/// The error of a scheduled run, as the platform reports it. It holds no personal data. The payload may, and is not shown.
fn run_error(body: &Value) -> String {
    let condition = body["requestContext"]["condition"].as_str().unwrap_or("failed");
    match body["responsePayload"]["errorMessage"].as_str() {
        Some(error) => format!("{condition}: {error}"),
        None => condition.to_owned(),
    }
}

/// What it is and what to do with it, for the operator.
fn explain(kind: Kind, function: &str, about: &About) -> String {
    match kind {
        Kind::Message => format!(
            "A message from {function}'s queue. Fix what the reason names, then requeue it: it is handled like a new message, \
             and a duplicate does no harm."
        ),
        Kind::Unreadable => format!(
            "A message from {function}'s queue that this build cannot read. If it is requeued, it returns here until a build \
             that can read it is deployed. Discard it if no build ever will."
        ),
        Kind::StreamEvent => format!(
            "An event that {function} could not handle from its table's stream, which does not deliver it again. Check the \
             item under that key and its missing effects, then discard this."
        ),
        Kind::StreamBatch => format!(
            "Up to 100 records that {function} could not take: it did not start, or ended without an answer. Make it run, then \
             requeue this: it gets the same records, and handling one twice does no harm. One that fails again is \
             dead-lettered by its key."
        ),
        Kind::Webhook => format!(
            "A webhook that {function} could not apply. Fix what the reason names, then POST /webhooks/inbox/{}/replay, \
             and discard this.",
            about.webhook_id.as_deref().unwrap_or_default()
        ),
        Kind::ScheduledRun => {
            format!("A failed run of {function}. The next run does the work of this one: discard this.")
        }
        Kind::Unknown => format!(
            "Not a dead letter that {function} writes. It cannot be requeued; read it in the queue itself, or discard it."
        ),
    }
}

#[cfg(test)]
pub(super) mod tests;
