//! What a dead letter is, what it is about, and what can be done with it: decided from the letter alone.
//!
//! Nothing of a body is shown but what has the form of a key or an id, since a body may hold an address, and one that makes
//! no sense may hold anything.

use jiff::Timestamp;
use outbound::{DeadLetteredBy, Letter};
use resilience::Failure;
use runtime::queue::Message;
use serde::Serialize;
use serde_json::Value;
use webhooks::inbox;
use webhooks::inbox::replay;

/// The longest reason that is shown.
const LONGEST_REASON: usize = 600;
/// The longest id, type or key that is shown.
const LONGEST_NAME: usize = 200;
/// The longest name of a group that a queue admits.
const LONGEST_GROUP: usize = 128;

/// A letter as a list shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) since: Option<Timestamp>,
    /// The function, or `queue`, `topic`, `platform`, `unknown`.
    pub(crate) set_aside_by: String,
    pub(crate) reason: String,
    pub(crate) kind: Kind,
    pub(crate) about: About,
    pub(crate) explain: String,
    /// Whether it can be sent to the queue that it came from.
    pub(crate) can_be_requeued: bool,
}

/// What a letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A message of a queue.
    Message,
    /// What came by a queue and is no message of this build.
    Unreadable,
    /// An event that a stream's reader could not read.
    StreamEvent,
    /// A webhook in the inbox that could not be applied.
    Webhook,
    /// A run by the schedule that failed.
    ScheduledRun,
    /// None of these.
    Unknown,
}

/// What a letter is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event_id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) event_type: Option<String>,
    /// The order's id, or the SKU of a product.
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
    /// Of a webhook out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery_id: Option<String>,
}

impl About {
    /// Whose letter it is: a queue that is fair does not let one's backlog hold up the others.
    pub(crate) fn group(&self) -> String {
        let group = self.endpoint_id.as_ref().or(self.subject.as_ref());
        group.map_or_else(|| "dead-letters".to_owned(), |group| group.chars().take(LONGEST_GROUP).collect())
    }
}

impl Seen {
    /// Looks at one of the function's letters. `has_queue`: the function is fed by a queue.
    pub(crate) fn of(letter: &Letter, function: &str, has_queue: bool) -> Self {
        let body: Value = serde_json::from_str(&letter.body).unwrap_or_default();
        let (kind, about) = look_at(&letter.body, &body, has_queue);
        let (set_aside_by, reason) = why(&letter.dead_lettered_by, kind, &body);
        Self {
            id: letter.id.clone(),
            since: letter.since,
            set_aside_by,
            reason: reason.chars().filter(|letter| !letter.is_control()).take(LONGEST_REASON).collect(),
            kind,
            explain: explain(kind, function, &about),
            about,
            can_be_requeued: matches!(kind, Kind::Message | Kind::Unreadable),
        }
    }
}

fn look_at(text: &str, body: &Value, has_queue: bool) -> (Kind, About) {
    if has_queue { of_a_queue(text, body) } else { of_no_queue(body) }
}

fn of_a_queue(text: &str, body: &Value) -> (Kind, About) {
    let about = About {
        event_id: name(&body["id"]),
        event_type: name(&body["type"]),
        subject: name(&body["subject"]),
        endpoint_id: name(&body["endpoint"]),
        delivery_id: name(&body["delivery"]),
        ..About::default()
    };
    let is_errand = about.endpoint_id.is_some() && about.delivery_id.is_some();
    let is_event = !matches!(Message::read(text, 1), Err(Failure::Reject { .. }));
    (if is_errand || is_event { Kind::Message } else { Kind::Unreadable }, about)
}

fn of_no_queue(body: &Value) -> (Kind, About) {
    if body["requestContext"]["functionArn"].is_string() {
        return (Kind::ScheduledRun, About::default());
    }
    let (Some(pk), Some(sk)) = (name(&body["pk"]), name(&body["sk"])) else {
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

/// A text that has the form of an id, a type or a key. What else stands there is not shown.
fn name(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"._-/#:".contains(&b);
    ((1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(is_part)).then(|| text.to_owned())
}

/// Who set it aside, and why.
fn why(dead_lettered_by: &DeadLetteredBy, kind: Kind, body: &Value) -> (String, String) {
    let (by, reason) = match dead_lettered_by {
        DeadLetteredBy::Function { name, reason } => return (name.clone(), reason.clone()),
        DeadLetteredBy::Topic { reason } => {
            return ("topic".to_owned(), format!("could not be delivered: {reason}"));
        }
        DeadLetteredBy::Queue => ("queue", "received more often than its queue admits (maxReceiveCount)"),
        DeadLetteredBy::Unknown => match kind {
            Kind::ScheduledRun => return ("platform".to_owned(), of_the_run(body)),
            Kind::Message | Kind::Unreadable => {
                ("unknown", "not said: its topic could not deliver it, or somebody put it here")
            }
            Kind::StreamEvent | Kind::Webhook | Kind::Unknown => ("unknown", "not said"),
        },
    };
    (by.to_owned(), reason.to_owned())
}

/// What the platform tells of a run. A task's failure says nothing personal; what it was handed is not shown.
fn of_the_run(body: &Value) -> String {
    let condition = body["requestContext"]["condition"].as_str().unwrap_or("failed");
    match body["responsePayload"]["errorMessage"].as_str() {
        Some(error) => format!("{condition}: {error}"),
        None => condition.to_owned(),
    }
}

/// What it is and what can be done with it, for a person.
fn explain(kind: Kind, function: &str, about: &About) -> String {
    match kind {
        Kind::Message => format!(
            "A message of {function}'s queue. Mend what the reason names, then requeue it: it goes back as if it were new, \
             and having been handled before does no harm."
        ),
        Kind::Unreadable => format!(
            "It came by {function}'s queue and is no message of this build. Requeued, it comes back here until {function} \
             can read it; what nobody will ever read is to be discarded."
        ),
        Kind::StreamEvent => format!(
            "An event that {function} could not read from its table's stream, which does not bring it again. Look at the \
             item under that key and what should have followed from it, then discard this."
        ),
        Kind::Webhook => format!(
            "A webhook that {function} could not apply. Mend what the reason names, then POST /webhooks/inbox/{}/replay, \
             and discard this.",
            about.webhook_id.as_deref().unwrap_or_default()
        ),
        Kind::ScheduledRun => {
            format!(
                "A run of {function} that failed. The next run does what this one could not: discard this."
            )
        }
        Kind::Unknown => format!(
            "Nothing that {function} sets aside. It cannot go back anywhere; look at it in the queue itself, or discard it."
        ),
    }
}

#[cfg(test)]
mod tests;
