//! Which fields of the events are personal data, and the redaction that an erasure makes of them.
//!
//! [`Fields`] classifies every field of every event. A test compares it with the events themselves, so a field that is added
//! without a class fails, and with `docs/privacy.md`, which explains the classes for people. Only this file
//! knows how an event is erased.

use crate::{Actor, Envelope, Service};
use serde_json::Value;

/// The `requested_by` of what the customer asked for: then the event's actor is the customer, and else an operator.
const BY_THE_CUSTOMER: &str = "customer";

/// What stands in a field whose value was erased.
pub const ERASED: &str = "erased";

/// Whether a value was erased.
pub fn is_erased(text: &str) -> bool {
    text == ERASED
}

/// What a field is, and what an erasure does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldClass {
    /// Data of the customer, or text that people or carriers typed. It is replaced by [`ERASED`].
    Personal,
    /// The customer's subject. It is replaced by the pseudonym of the erasure.
    Subject,
    /// The id under which a provider keeps a record of its own. It stays, because money or a label can still depend on it.
    Reference,
    /// The subject of an operator. It stays, to answer who did it.
    Staff,
    /// A digest of the request. It stays, so that a repeated request is recognized.
    Digest,
    /// Not personal.
    Plain,
}

impl FieldClass {
    /// The word in the documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Subject => "subject",
            Self::Reference => "reference",
            Self::Staff => "staff",
            Self::Digest => "digest",
            Self::Plain => "plain",
        }
    }
}

/// The classes of the fields of one event. A field is named by its path in the data; `[]` stands for each element of a list.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// The service that emits the event.
    pub service: Service,
    /// The event's type.
    pub event_type: &'static str,
    personal: &'static [&'static str],
    subject: &'static [&'static str],
    reference: &'static [&'static str],
    staff: &'static [&'static str],
    digest: &'static [&'static str],
    plain: &'static [&'static str],
}

impl Fields {
    const fn of(service: Service, event_type: &'static str, plain: &'static [&'static str]) -> Self {
        Self {
            service,
            event_type,
            personal: &[],
            subject: &[],
            reference: &[],
            staff: &[],
            digest: &[],
            plain,
        }
    }

    /// Every field with its class.
    pub fn classes(&self) -> impl Iterator<Item = (&'static str, FieldClass)> {
        let classes = [
            (self.personal, FieldClass::Personal),
            (self.subject, FieldClass::Subject),
            (self.reference, FieldClass::Reference),
            (self.staff, FieldClass::Staff),
            (self.digest, FieldClass::Digest),
            (self.plain, FieldClass::Plain),
        ];
        classes.into_iter().flat_map(|(paths, class)| paths.iter().map(move |path| (*path, class)))
    }

    /// The fields of every event.
    pub const ALL: &'static [Self] = &table::EVENTS;

    /// Those of the events of this type.
    pub fn of_type(service: Service, event_type: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|fields| fields.service == service && fields.event_type == event_type)
    }

    fn find(envelope: &Envelope) -> Option<&'static Self> {
        Self::of_type(envelope.service().ok()?, &envelope.event_type)
    }

    /// Replaces what is personal in the data of an event, or in a copy of it with the same fields.
    pub fn erase(&self, data: &mut Value) {
        for path in self.personal {
            replace(data, path, ERASED);
        }
    }
}

impl Envelope {
    /// The event without the customer's personal data, under the same id and sequence; `None` if it has none, or none any more.
    ///
    /// A field that this build does not know stays: the build that writes it also redacts it.
    #[must_use]
    pub fn redacted(&self, pseudonym: &str) -> Option<Self> {
        let fields = Fields::find(self)?;
        let mut data: Value = (*self.data).clone();
        fields.erase(&mut data);
        for path in fields.subject {
            replace(&mut data, path, pseudonym);
        }
        let mut actor = self.actor.clone();
        if data["requested_by"] == BY_THE_CUSTOMER {
            actor = actor.and(Actor::try_from(pseudonym).ok());
        }
        let is_changed = data != *self.data || actor != self.actor;
        is_changed.then(|| Self { data: data.into(), actor, ..self.clone() })
    }
}

/// Replaces the text at a path, if there is one.
fn replace(data: &mut Value, path: &str, by: &str) {
    let place = format!("/{}", path.replace('.', "/"));
    if let Some(value) = data.pointer_mut(&place).filter(|value| value.is_string()) {
        *value = by.into();
    }
}

mod table;
#[cfg(test)]
mod tests;
