//! How a service's enum of events is written to an envelope and read back.

use crate::{CatalogEvent, Envelope, InventoryEvent, OrdersEvent, PaymentsEvent, Service, ShippingEvent};
use serde_json::Value;
use std::fmt::Debug;

/// The events of one service: an enum whose variants each hold a struct of the variant's name.
pub trait ServiceEvent: Sized + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// Who says them.
    const SERVICE: Service;
    /// The names of all variants.
    const TYPES: &'static [&'static str];

    /// The type's name as it stands in the envelope.
    fn event_type(&self) -> &'static str;
    /// The version of the shape that this build writes.
    fn data_version(&self) -> u32;
    /// The event's own fields.
    fn to_data(&self) -> Value;
    /// Reads an envelope that this service wrote.
    fn read(envelope: &Envelope) -> Result<Self, ReadError>;
}

/// An envelope that this build cannot read, and what that means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No such type: a message that was never meant for us. It is rejected.
    #[error("no event of the type {event_type} is known from {said_by}")]
    UnknownType {
        /// Who claims to say it.
        said_by: String,
        /// The unknown type.
        event_type: String,
    },
    /// A newer writer is rolling out. The message is tried again later.
    #[error("{event_type} has data version {found}, and this build reads up to {known}")]
    NewerVersion {
        /// The event's type.
        event_type: String,
        /// The version that was written.
        found: u32,
        /// The newest version that this build reads.
        known: u32,
    },
    /// The data is not of the type's shape. It is rejected.
    #[error("the data of {event_type} is not of its shape: {reason}")]
    Malformed {
        /// The event's type.
        event_type: String,
        /// What the parser found, without values.
        reason: String,
    },
}

/// An event of any service, as a consumer of several topics sees it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Said by catalog.
    Catalog(CatalogEvent),
    /// Said by orders.
    Orders(OrdersEvent),
    /// Said by payments.
    Payments(PaymentsEvent),
    /// Said by inventory.
    Inventory(InventoryEvent),
    /// Said by shipping.
    Shipping(ShippingEvent),
}

impl Event {
    /// Reads whatever an envelope holds.
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

/// Declares a service's enum: each variant holds the struct of its own name and says its data version.
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
                // Our own structs hold nothing that JSON cannot: no maps with other keys, no fallible serializer.
                match self { $(Self::$variant(data) => serde_json::to_value(data).unwrap_or_default()),+ }
            }

            fn read(envelope: &$crate::Envelope) -> Result<Self, $crate::ReadError> {
                match envelope.event_type.as_str() {
                    $(stringify!($variant) => {
                        $crate::service_event::read_data(envelope, $version).map(Self::$variant)
                    })+
                    _ => Err($crate::ReadError::UnknownType {
                        said_by: envelope.source.clone(),
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
    serde::Deserialize::deserialize(&*envelope.data).map_err(|error: serde_json::Error| {
        ReadError::Malformed {
            event_type: envelope.event_type.clone(),
            reason: without_values(&error.to_string()),
        }
    })
}

/// The parser quotes the values it met, and a value may be personal: only what was expected is kept.
fn without_values(message: &str) -> String {
    message
        .split(", ")
        .filter(|part| part.starts_with("expected") || part.starts_with("missing"))
        .collect::<Vec<_>>()
        .join(", ")
        .chars()
        .take(200)
        .collect()
}
