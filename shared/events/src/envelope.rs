//! The envelope: CloudEvents 1.0 attribute names around one event's data.
//!
//! The service's table stores it, the table's stream carries it to the topic, and a queue delivers it: byte for byte
//! the same JSON. Extension attributes: `sequence`, `causationid`, `traceparent`, `dataversion`.

use crate::{Data, EventId, ReadError, ServiceEvent, Traceparent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A service that emits events: it owns a table, a topic and one enum of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Products and prices.
    Catalog,
    /// The order, its history and its views.
    Orders,
    /// Payments, the refund ledger, the Stripe inbox.
    Payments,
    /// Stock and allocations.
    Inventory,
    /// Shipments and the carrier inbox.
    Shipping,
}

impl Service {
    /// Every service that emits events.
    pub const ALL: [Self; 5] = [Self::Catalog, Self::Orders, Self::Payments, Self::Inventory, Self::Shipping];

    /// The name used in `source` and in event ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Orders => "orders",
            Self::Payments => "payments",
            Self::Inventory => "inventory",
            Self::Shipping => "shipping",
        }
    }

    /// What the service's streams are about: the prefix of their partition keys.
    pub const fn subject_kind(self) -> &'static str {
        match self {
            Self::Catalog => "product",
            Self::Orders | Self::Payments | Self::Inventory | Self::Shipping => "order",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The place of an event in its stream, counted from 1 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(u32);

impl Sequence {
    /// The first place of a stream.
    pub const FIRST: Self = Self(1);

    /// The place after `count` events.
    pub const fn after(count: u32) -> Self {
        Self(count + 1)
    }

    /// The number, from 1.
    pub const fn number(self) -> u32 {
        self.0
    }
}

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
    /// Wraps `event` for the place `sequence` in the stream of `subject`.
    pub fn wrap<E: ServiceEvent>(
        subject: &str,
        sequence: Sequence,
        time: Timestamp,
        cause: &Cause,
        event: &E,
    ) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: EventId::of(E::SERVICE, subject, sequence),
            source: format!("conveyor/{}", E::SERVICE),
            event_type: event.event_type().to_owned(),
            subject: subject.to_owned(),
            time,
            datacontenttype: "application/json".to_owned(),
            sequence,
            causationid: cause.id.clone(),
            traceparent: cause.traceparent.clone(),
            dataversion: event.data_version(),
            data: event.to_data().into(),
        }
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

    /// This event as the cause of the next.
    pub fn as_cause(&self) -> Cause {
        Cause { id: self.id.clone(), traceparent: self.traceparent.clone() }
    }
}
