//! How the event enum of a service is written to an envelope and read back.

use crate::{CatalogEvent, Envelope, InventoryEvent, OrdersEvent, PaymentsEvent, Service, ShippingEvent};
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

/// Why this build cannot read an envelope, and what its consumer does with the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The service emits no such type. The message is rejected.
    #[error("{emitter} emits no event of the type {event_type}")]
    UnknownType {
        /// The envelope's `source`.
        emitter: String,
        /// The unknown type.
        event_type: String,
    },
    /// A newer writer is being rolled out. The message is retried later.
    #[error("{event_type} has data version {found}, and this build reads up to {known}")]
    NewerVersion {
        /// The event's type.
        event_type: String,
        /// The envelope's data version.
        found: u32,
        /// The newest version that this build reads.
        known: u32,
    },
    /// The data does not have the shape of its type. The message is rejected.
    #[error("the data of {event_type} is malformed: {reason}")]
    Malformed {
        /// The event's type.
        event_type: String,
        /// The parser's complaint, without values.
        reason: String,
    },
}

/// An event of any service, for consumers of several topics.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Emitted by catalog.
    Catalog(CatalogEvent),
    /// Emitted by orders.
    Orders(OrdersEvent),
    /// Emitted by payments.
    Payments(PaymentsEvent),
    /// Emitted by inventory.
    Inventory(InventoryEvent),
    /// Emitted by shipping.
    Shipping(ShippingEvent),
}

impl Event {
    /// Reads the event of any service from its envelope.
    pub fn read(envelope: &Envelope) -> Result<Self, ReadError> {
        Ok(match envelope.service()? {
            Service::Catalog => Self::Catalog(CatalogEvent::read(envelope)?),
            Service::Orders => Self::Orders(OrdersEvent::read(envelope)?),
            Service::Payments => Self::Payments(PaymentsEvent::read(envelope)?),
            Service::Inventory => Self::Inventory(InventoryEvent::read(envelope)?),
            Service::Shipping => Self::Shipping(ShippingEvent::read(envelope)?),
        })
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

pub(crate) fn read_data<T: serde::de::DeserializeOwned>(
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
    json::from_value(&envelope.data).map_err(|error| ReadError::Malformed {
        event_type: envelope.event_type.clone(),
        reason: error.to_string(),
    })
}
