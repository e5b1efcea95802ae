//! How the event enum of a service is written to an envelope and read back.

use crate::{Cause, Envelope, EventId, ReadError, Sequence, Service};
use jiff::Timestamp;
use serde_json::Value;
use std::fmt::Debug;

/// The events of one service: an enum in which each variant holds the struct of the same name.
pub trait ServiceEvent: Sized + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The service that emits them.
    const SERVICE: Service;
    /// The names of all variants.
    const TYPES: &'static [&'static str];

    /// The value of the envelope's `type`.
    fn event_type(&self) -> &'static str;
    /// The version of the data's shape that this build writes.
    fn data_version(&self) -> u32;
    /// The event's own fields.
    fn to_data(&self) -> Value;
    /// Reads an envelope that this service emitted.
    fn read(envelope: &Envelope) -> Result<Self, ReadError>;
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
            actor: cause.actor.clone(),
            traceparent: cause.traceparent.clone(),
            dataversion: event.data_version(),
            replayed: None,
            data: event.to_data().into(),
        }
    }
}

/// Declares the event enum of a service: each variant holds the struct of the same name and states its data version.
macro_rules! service_events {
    ($(#[$doc:meta])* $name:ident of $service:expr; $($variant:ident = $version:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $(#[doc = concat!("See [`", stringify!($variant), "`](crate::", stringify!($variant), ").")]
            $variant($variant)),+
        }

        impl $crate::ServiceEvent for $name {
            const SERVICE: $crate::Service = $service;
            const TYPES: &'static [&'static str] = &[$(stringify!($variant)),+];

            fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($variant)),+ }
            }

            fn data_version(&self) -> u32 {
                match self { $(Self::$variant(_) => $version),+ }
            }

            fn to_data(&self) -> serde_json::Value {
                // Our structs have only string keys and no fallible serializer, so writing them as JSON cannot fail.
                match self { $(Self::$variant(data) => serde_json::to_value(data).unwrap_or_default()),+ }
            }

            fn read(envelope: &$crate::Envelope) -> Result<Self, $crate::ReadError> {
                match envelope.event_type.as_str() {
                    $(stringify!($variant) => {
                        $crate::service_event::read_data(envelope, $version).map(Self::$variant)
                    })+
                    _ => Err($crate::ReadError::UnknownType {
                        emitter: envelope.source.clone(),
                        event_type: envelope.event_type.clone(),
                    }),
                }
            }
        }

        $(impl From<$variant> for $name {
            fn from(data: $variant) -> Self {
                Self::$variant(data)
            }
        })+
    };
}
pub(crate) use service_events;

pub(crate) fn read_data<T: serde::de::DeserializeOwned + Clone + Send + Sync + 'static>(
    envelope: &Envelope,
    known: u32,
) -> Result<T, ReadError> {
    if envelope.dataversion > known {
        return Err(ReadError::NewerVersion {
            event_type: envelope.event_type.clone(),
            found: envelope.dataversion,
            known,
        });
    }
    envelope.data.read().map_err(|error| ReadError::Malformed {
        event_type: envelope.event_type.clone(),
        reason: error.to_string(),
    })
}
