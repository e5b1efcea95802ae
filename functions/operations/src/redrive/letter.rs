//! What a dead letter is, what it is about, and what can be done with it: decided from the letter alone.
//!
//! Nothing of a body is shown but what has the form of a key or an id, since a body may hold an address, and one that makes
//! no sense may hold anything.

use jiff::Timestamp;
use outbound::{LaidBy, Letter};
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
        let (set_aside_by, reason) = why(&letter.laid_by, kind, &body);
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
fn why(laid_by: &LaidBy, kind: Kind, body: &Value) -> (String, String) {
    let (by, reason) = match laid_by {
        LaidBy::Function { name, reason } => return (name.clone(), reason.clone()),
        LaidBy::Topic { reason } => return ("topic".to_owned(), format!("could not be delivered: {reason}")),
        LaidBy::Queue => ("queue", "received more often than its queue admits (maxReceiveCount)"),
        LaidBy::Unsaid => match kind {
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
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(body: &str, laid_by: LaidBy, has_queue: bool) -> Seen {
        let (id, receipt) = ("letter".to_owned(), "receipt".to_owned());
        let letter = Letter { id, receipt, body: body.to_owned(), since: Some(testkit::now()), laid_by };
        Seen::of(&letter, "take-payment", has_queue)
    }

    fn rejected(reason: &str) -> LaidBy {
        LaidBy::Function { name: "take-payment".to_owned(), reason: reason.to_owned() }
    }

    #[test]
    fn a_message_tells_its_event_and_order_and_nothing_of_a_person() {
        let order = testkit::order_id(1);
        let envelope = testkit::envelope(&order, 1, &events::OrdersEvent::OrderPlaced(testkit::placed()));
        let seen = seen(&serde_json::to_string(&envelope).unwrap(), rejected("not understood"), true);
        assert_eq!((seen.kind, seen.can_be_requeued), (Kind::Message, true));
        assert_eq!(seen.about.event_id.as_deref(), Some(envelope.id.as_str()));
        assert_eq!(seen.about.event_type.as_deref(), Some("OrderPlaced"));
        assert_eq!(seen.about.subject.as_deref(), Some(order.as_str()));
        assert_eq!(seen.about.group(), order.as_str());
        assert_eq!((seen.set_aside_by.as_str(), seen.reason.as_str()), ("take-payment", "not understood"));
        let shown = serde_json::to_string(&seen).unwrap();
        for personal in ["a@b.example", "Person", "Street", "+4179", "Bern", "pm_card"] {
            assert!(!shown.contains(personal), "{personal} in {shown}");
        }
    }

    #[test]
    fn what_nobody_can_read_is_not_shown_whatever_it_holds() {
        for body in [
            "Ada, Street 1",
            "",
            "[1, 2]",
            r#"{"id": "Ada Person", "type": "a@b.example", "subject": {"name": "Ada"}}"#,
            &json!({"id": "x".repeat(201)}).to_string(),
        ] {
            let seen = seen(body, rejected("the message is no envelope: Syntax"), true);
            assert_eq!((seen.kind, seen.can_be_requeued), (Kind::Unreadable, true), "{body}");
            assert_eq!(seen.about, About::default(), "{body}");
            assert_eq!(seen.about.group(), "dead-letters");
        }
    }

    #[test]
    fn a_message_of_a_newer_build_is_a_message() {
        let order = testkit::order_id(1);
        let mut envelope = testkit::envelope(&order, 1, &events::OrdersEvent::OrderPlaced(testkit::placed()));
        envelope.dataversion += 1;
        assert_eq!(seen(&serde_json::to_string(&envelope).unwrap(), LaidBy::Queue, true).kind, Kind::Message);
    }

    #[test]
    fn an_errand_tells_which_webhook_out_it_is_about() {
        let seen = seen(r#"{"endpoint": "ep_1", "delivery": "dl_1", "attempt": 2}"#, LaidBy::Queue, true);
        assert_eq!((seen.kind, seen.can_be_requeued), (Kind::Message, true));
        assert_eq!(seen.about.delivery_id.as_deref(), Some("dl_1"));
        assert_eq!(seen.about.group(), "ep_1");
    }

    #[test]
    fn a_group_is_no_longer_than_its_queue_admits() {
        let seen = seen(&json!({"subject": "x".repeat(200)}).to_string(), LaidBy::Queue, true);
        assert_eq!(seen.about.group().len(), 128);
    }

    #[test]
    fn a_streams_record_cannot_go_back_and_a_webhook_says_how_it_is_replayed() {
        let event = seen(r#"{"pk": "order#0a", "sk": "event#000002"}"#, rejected("no envelope"), false);
        assert_eq!((event.kind, event.can_be_requeued), (Kind::StreamEvent, false));
        assert_eq!(event.about.subject.as_deref(), Some("0a"));
        assert_eq!(event.about.sk.as_deref(), Some("event#000002"));

        for sk in ["inbox", "replay#2026"] {
            let body = json!({"pk": "webhook#stripe#evt_1", "sk": sk}).to_string();
            let webhook = seen(&body, rejected("another amount"), false);
            assert_eq!((webhook.kind, webhook.can_be_requeued), (Kind::Webhook, false));
            assert!(
                webhook.explain.contains("POST /webhooks/inbox/stripe:evt_1/replay"),
                "{}",
                webhook.explain
            );
        }
        let strange = seen(r#"{"pk": "sku#TEA-01", "sk": "price"}"#, LaidBy::Unsaid, false);
        assert_eq!((strange.kind, strange.can_be_requeued), (Kind::Unknown, false));
        assert_eq!(seen("nonsense", LaidBy::Unsaid, false).kind, Kind::Unknown);
    }

    #[test]
    fn a_run_of_the_schedule_says_why_it_failed_and_not_what_it_was_handed() {
        let body = json!({
            "requestContext": {"functionArn": "arn:of:sweep-orders", "condition": "RetriesExhausted"},
            "requestPayload": {"by": "Ada"}, "responsePayload": {"errorMessage": "two of three failed"},
        });
        let run = seen(&body.to_string(), LaidBy::Unsaid, false);
        assert_eq!((run.kind, run.can_be_requeued), (Kind::ScheduledRun, false));
        assert_eq!(
            (run.set_aside_by.as_str(), run.reason.as_str()),
            ("platform", "RetriesExhausted: two of three failed")
        );
        assert!(!serde_json::to_string(&run).unwrap().contains("Ada"));
    }

    #[test]
    fn without_a_reason_it_says_who_moved_it() {
        let moved = |laid_by| {
            let seen = seen("{}", laid_by, true);
            (seen.set_aside_by, seen.reason)
        };
        assert_eq!(moved(LaidBy::Queue).0, "queue");
        assert!(moved(LaidBy::Queue).1.contains("maxReceiveCount"));
        let undelivered = moved(LaidBy::Topic { reason: "AccessDenied\n".to_owned() });
        assert_eq!(undelivered, ("topic".to_owned(), "could not be delivered: AccessDenied".to_owned()));
        assert_eq!(moved(LaidBy::Unsaid).0, "unknown");
    }
}
