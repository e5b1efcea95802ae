//! Typed ids. A bare `String` is never an id; each type accepts only what its issuer can have made. A clone copies a pointer.

use crate::{Sequence, Service};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// A text that is not a valid id of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {what}")]
pub struct InvalidId {
    /// Names the expected id and its format, for people.
    pub what: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text.into())) } else { Err(InvalidId { what: $what }) }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;

            fn try_from(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                (*id.0).to_owned()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// An order: 32 lower-case hexadecimal digits, the first half of a SHA-256 over the customer and their
    /// `Idempotency-Key`. Only `place-order` makes order ids.
    OrderId,
    "an order id of 32 lower-case hexadecimal digits",
    |text| text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);

text_id!(
    /// A product: 1 to 64 of `A–Z a–z 0–9 . _ -`.
    Sku,
    "a SKU of 1 to 64 letters, digits, dots, underscores and hyphens",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
);

text_id!(
    /// A refund of an order: 1 to 128 printable ASCII characters, unique within the order. The provider stores it as
    /// `metadata.refund_id`, so that we find the refund there again.
    RefundId,
    "a refund id of 1 to 128 printable characters",
    |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

text_id!(
    /// An event, or the request or webhook that caused one: `<service>/<subject>/<sequence>` for events.
    EventId,
    "an event id of 1 to 256 printable characters",
    |text| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

text_id!(
    /// A person who makes requests, by the subject (`sub`) of the access token: an identifier, never a name or an address. All
    /// tokens of a stack are of one issuer.
    Actor,
    "the subject of a token, which is not empty",
    |text| !text.is_empty()
);

impl OrderId {
    /// The order id made of the first sixteen bytes of a digest.
    pub fn from_digest(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)).into())
    }
}

impl EventId {
    /// The id of the event at `sequence` in the stream of `subject`: unique by construction.
    pub fn of(service: Service, subject: &str, sequence: Sequence) -> Self {
        Self(format!("{}/{subject}/{}", service.as_str(), sequence.number()).into())
    }

    /// The id of a cause that is not an event: a request, a webhook or a schedule. Characters that an id cannot hold
    /// become `_`.
    pub fn outside(kind: &str, id: &str) -> Self {
        let id: String = id.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(200).collect();
        Self(format!("{kind}/{id}").into())
    }

    /// The place of the event in its stream. `None` if the id is of a cause that is not an event, unless that one ends
    /// in a number too.
    pub fn place(&self) -> Option<u32> {
        self.0.rsplit_once('/')?.1.parse().ok()
    }
}

/// The customer who ordered, identified by the pair of the access token's issuer and subject. A subject alone is not
/// unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Customer {
    /// `iss` of the access token.
    pub issuer: String,
    /// `sub` of the access token.
    pub subject: String,
}

#[cfg(test)]
mod tests;
