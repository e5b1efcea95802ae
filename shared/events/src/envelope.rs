//! The envelope: CloudEvents 1.0 attribute names around one event's data.
//!
//! A topic and its queues carry its JSON. The service's table stores it without the attributes that are the same in every
//! envelope ([`Envelope::stored`]): most events then take one write unit. Extension attributes: `sequence`,
//! `causationid`, `actor`, `traceparent`, `dataversion`, and `replayed` in the messages of a replay.

use crate::{Actor, Data, EventId, ReadError, Sequence, Service, Traceparent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What caused an event: another event, a request, a webhook or a schedule, and the trace that they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Id of the cause.
    pub id: EventId,
    /// The trace that the first request started.
    pub traceparent: Option<Traceparent>,
    /// The person who caused it, by a request with a token. `None`: no person did so directly.
    pub actor: Option<Actor>,
}

/// One event as it is stored and published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Always `1.0`.
    #[serde(default = "specversion")]
    pub specversion: String,
    /// `<service>/<subject>/<sequence>`.
    pub id: EventId,
    /// `conveyor/<service>`.
    pub source: String,
    /// The event's type, for example `OrderPlaced`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The order id, or the SKU in the catalog.
    pub subject: String,
    /// When the event was appended, RFC 3339 in UTC.
    pub time: Timestamp,
    /// Always `application/json`.
    #[serde(default = "datacontenttype")]
    pub datacontenttype: String,
    /// The event's place in its stream, from 1.
    pub sequence: Sequence,
    /// Id of the event, request, webhook or schedule that caused the event.
    pub causationid: EventId,
    /// The person whose request caused the event. Missing in old events, in those that no person caused directly, and in
    /// `OrderPlaced`, whose data names the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The trace that the event belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Traceparent>,
    /// Version of the shape of `data`. A reader that knows only older versions answers `Retry`: a rollout is in progress.
    pub dataversion: u32,
    /// When an operator sent the event to one consumer again. Only that message has it: no table and no topic does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<Timestamp>,
    /// The event's own fields.
    pub data: Data,
}

fn specversion() -> String {
    "1.0".to_owned()
}

fn datacontenttype() -> String {
    "application/json".to_owned()
}

/// An envelope as its table stores it.
#[derive(Serialize)]
struct Stored<'a> {
    id: &'a EventId,
    source: &'a str,
    r#type: &'a str,
    subject: &'a str,
    time: Timestamp,
    sequence: Sequence,
    causationid: &'a EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a Traceparent>,
    dataversion: u32,
    data: &'a Data,
}

impl Envelope {
    /// The JSON that the table stores. An envelope is read from it as from the whole JSON.
    pub fn stored(&self) -> String {
        let stored = Stored {
            id: &self.id,
            source: &self.source,
            r#type: &self.event_type,
            subject: &self.subject,
            time: self.time,
            sequence: self.sequence,
            causationid: &self.causationid,
            actor: self.actor.as_ref(),
            traceparent: self.traceparent.as_ref(),
            dataversion: self.dataversion,
            data: &self.data,
        };
        // Texts, numbers and JSON always serialize.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// The service that emitted the event.
    pub fn service(&self) -> Result<Service, ReadError> {
        Service::ALL
            .into_iter()
            .find(|service| self.source.strip_prefix("conveyor/") == Some(service.as_str()))
            .ok_or_else(|| ReadError::UnknownType {
                emitter: self.source.clone(),
                event_type: self.event_type.clone(),
            })
    }

    /// This event as the cause of the next, which no person causes directly.
    pub fn as_cause(&self) -> Cause {
        Cause { id: self.id.clone(), traceparent: self.traceparent.clone(), actor: None }
    }
}
