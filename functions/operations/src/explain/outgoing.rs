//! What was sent because of an order: the webhooks to the shop's endpoints, and the messages to the customer.
//!
//! A delivery is found by its key: the endpoint, and an id that is derived from the event. Of an endpoint only the id is used, of a
//! customer's contact nothing.

use event_store::{Documents, Key, StoreError};
use events::{Envelope, OrderId, OrdersEvent, ServiceEvent as _};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webhooks::outgoing::{ENDS, of_end, webhook_id};

/// A delivery as callbacks stores it, without its body.
#[derive(Debug, Deserialize)]
struct Stored {
    id: String,
    endpoint: String,
    kind: String,
    created_at: Timestamp,
    state: State,
    attempted: u32,
    attempts: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
struct State {
    is: String,
    #[serde(default)]
    next_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    at: Timestamp,
    outcome: Value,
}

/// A delivery as the explanation shows it.
#[derive(Debug, Serialize)]
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) endpoint: String,
    event_type: String,
    pub(super) status: String,
    created_at: Timestamp,
    attempted: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt_at: Option<Timestamp>,
    /// The HTTP status, or why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_outcome: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Timestamp>,
}

impl Delivery {
    /// Whether no further attempt is made although none succeeded.
    pub(super) fn has_failed(&self) -> bool {
        self.status == "exhausted" || self.status == "ended"
    }
}

impl From<Stored> for Delivery {
    fn from(stored: Stored) -> Self {
        let last = stored.attempts.into_iter().last();
        Self {
            id: stored.id,
            endpoint: stored.endpoint,
            event_type: stored.kind,
            status: stored.state.is,
            created_at: stored.created_at,
            attempted: stored.attempted,
            last_attempt_at: last.as_ref().map(|attempt| attempt.at),
            last_outcome: last.map(|attempt| match attempt.outcome {
                Value::Object(fields) => fields.into_values().next().unwrap_or_default(),
                word => word,
            }),
            next_attempt_at: stored.state.next_at,
        }
    }
}

/// The deliveries of the order's webhooks to every endpoint, oldest first.
pub(super) async fn deliveries(
    callbacks: &dyn Documents,
    order: &OrderId,
    events: &[Envelope],
) -> Result<Vec<Delivery>, StoreError> {
    let endpoints = callbacks.list("endpoints", "endpoint#").await?;
    let of_events =
        events.iter().filter(|event| is_reported(event)).map(|event| webhook_id(event.id.as_str()));
    let of_ends = ENDS.iter().map(|kind| webhook_id(&of_end(order, kind)));
    let ids: Vec<String> = of_events.chain(of_ends).collect();
    let keys: Vec<Key> = endpoints
        .iter()
        .flat_map(|(endpoint, _)| ids.iter().map(|id| Key::new(&*endpoint.sk, format!("delivery#{id}"))))
        .collect();
    let read = try_join_all(keys.chunks(100).map(|keys| callbacks.get_many(keys))).await?;
    let read = read.into_iter().flatten().map(|(key, document)| document.read::<Stored>(&key));
    let mut deliveries: Vec<Delivery> =
        read.map(|stored| stored.map(Delivery::from)).collect::<Result<_, _>>()?;
    deliveries.sort_by(|left, right| {
        (left.created_at, &left.endpoint, &left.id).cmp(&(right.created_at, &right.endpoint, &right.id))
    });
    Ok(deliveries)
}

/// Whether the event leads to webhooks: those of orders do, but for requests.
fn is_reported(event: &Envelope) -> bool {
    match OrdersEvent::read(event) {
        Ok(OrdersEvent::OrderPlaced(_) | OrdersEvent::OrderUpdated(_)) => true,
        Ok(
            OrdersEvent::OrderCancellationRequested(_)
            | OrdersEvent::OrderExpired(_)
            | OrdersEvent::CustomerErasureRequested(_)
            | OrdersEvent::OrderDataErased(_),
        )
        | Err(_) => false,
    }
}

/// A message to the customer, without the address.
#[derive(Debug, Serialize)]
pub(super) struct Notice {
    /// The event that it announced, or the status.
    about: String,
    channel: String,
    outcome: String,
    at: Timestamp,
}

/// The messages that were sent, or that the sender refused, oldest first.
pub(super) async fn notices(
    notifications: &dyn Documents,
    order: &OrderId,
) -> Result<Vec<Notice>, StoreError> {
    #[derive(Deserialize)]
    struct Stored {
        outcome: String,
        at: Timestamp,
    }
    let mut notices = Vec::new();
    for (key, document) in notifications.list(&format!("order#{order}"), "notice#").await? {
        let name = key.sk.strip_prefix("notice#").unwrap_or_default();
        let Some((about, channel)) = name.rsplit_once('#') else { continue };
        let Stored { outcome, at } = document.read(&key)?;
        notices.push(Notice { about: about.to_owned(), channel: channel.to_owned(), outcome, at });
    }
    notices.sort_by(|left, right| (left.at, &left.about).cmp(&(right.at, &right.about)));
    Ok(notices)
}
