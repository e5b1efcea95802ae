//! An event of a WebSocket API, and of the REQUEST authorizer of its handshakes. Each field is read by itself: one that is
//! missing or odd refuses the event, and nothing panics.

use crate::members::Members;
use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fmt;

/// The name of the query parameter with the ticket: a browser can send no header with a handshake.
const TICKET: &str = "ticket";

/// An event as the platform hands it over. It may hold a ticket, so it is not shown.
pub struct Event(Box<RawValue>);

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event(…)")
    }
}

/// Who holds a connection, as far as a function needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The caller, under a name that is the same for the same caller and says nothing about them.
    pub caller: String,
    /// Whether the caller works for the shop, and so may see what belongs to others.
    pub of_shop: bool,
    /// When the caller's token expires.
    pub until: Timestamp,
}

/// An open connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The gateway's id of it.
    pub id: String,
    /// Who opened it.
    pub holder: Holder,
}

/// What the gateway asks of the function.
#[derive(Debug)]
pub(super) enum Asked {
    /// Whether a handshake with this ticket is admitted; the answer names the method.
    Admission {
        ticket: String,
        method: String,
    },
    Opened(Connection),
    Received(Connection, String),
    Closed(Connection),
    /// Nothing of these; what is odd.
    Unreadable(&'static str),
}

impl Event {
    pub(super) fn new(json: Box<RawValue>) -> Self {
        Self(json)
    }

    /// Reads a sample invocation, as `events/` holds them.
    pub fn parse_sample(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }

    pub(super) fn asked(&self) -> Asked {
        let Ok(event) = json::from_str::<Members<'_>>(self.0.get()) else {
            return Asked::Unreadable("the event");
        };
        if event.text("type").as_deref() == Some("REQUEST") {
            let Some(method) = event.text("methodArn") else { return Asked::Unreadable("methodArn") };
            // An empty ticket was never given out.
            let ticket = event.members("queryStringParameters").text(TICKET).unwrap_or_default();
            return Asked::Admission { ticket: ticket.into_owned(), method: method.into_owned() };
        }
        let context = event.members("requestContext");
        let Some(id) = context.text("connectionId") else { return Asked::Unreadable("connectionId") };
        let Some(holder) = Holder::read(&context.members("authorizer")) else {
            return Asked::Unreadable("authorizer");
        };
        let connection = Connection { id: id.into_owned(), holder };
        match context.text("eventType").as_deref() {
            Some("CONNECT") => Asked::Opened(connection),
            Some("MESSAGE") => {
                Asked::Received(connection, event.text("body").unwrap_or_default().into_owned())
            }
            Some("DISCONNECT") => Asked::Closed(connection),
            _ => Asked::Unreadable("eventType"),
        }
    }
}

/// Reads what a probe parses: a frame on a connection.
pub(crate) fn parse_probe() -> Result<(), crate::Error> {
    let event = Event::parse_sample(include_str!("../../../../events/follow-orders/follow.json"))?;
    match event.asked() {
        Asked::Received(..) => Ok(()),
        other => Err(format!("the frame is read as {other:?}").into()),
    }
}

impl Holder {
    /// The holder as the authorizer's context: texts, as the gateway passes them on while the connection lasts. That is longer than a
    /// deploy, so the names are those that the builds before know: `admin` is whether the caller works for the shop.
    pub(super) fn context(&self) -> Value {
        json!({"caller": self.caller, "admin": self.of_shop.to_string(), "until": self.until.to_string()})
    }

    fn read(context: &Members<'_>) -> Option<Self> {
        Some(Self {
            caller: context.text("caller").filter(|caller| !caller.is_empty())?.into_owned(),
            of_shop: context.text("admin")?.parse().ok()?,
            until: context.text("until")?.parse().ok()?,
        })
    }
}
