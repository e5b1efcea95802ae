//! The envelope: CloudEvents 1.0 attribute names around one event's data.
//!
//! The service's table stores it, the table's stream carries it to the topic, and a queue delivers it: byte for byte
//! the same JSON. Extension attributes: `sequence`, `causationid`, `traceparent`, `dataversion`.

use crate::{Data, EventId, ReadError, Sequence, Service, Traceparent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What caused an event: another event, a request, a webhook or a schedule, and the trace that they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Id of the cause.
    pub id: EventId,
    /// The trace that the first request started.
    pub traceparent: Option<Traceparent>,
}

/// One event as it is stored and published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Always `1.0`.
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
    pub datacontenttype: String,
    /// The event's place in its stream, from 1.
    pub sequence: Sequence,
    /// Id of the event, request, webhook or schedule that caused the event.
    pub causationid: EventId,
    /// The trace that the event belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Traceparent>,
    /// Version of the shape of `data`. A reader that knows only older versions answers `Retry`: a rollout is in progress.
    pub dataversion: u32,
    /// The event's own fields.
    pub data: Data,
}

impl Envelope {
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

    /// This event as the cause of the next.
    pub fn as_cause(&self) -> Cause {
        Cause { id: self.id.clone(), traceparent: self.traceparent.clone() }
    }
}
