//! Who may send Standard Webhooks, and about what: systems that are neither Stripe nor EasyPost.
//!
//! A setting lists them: `bank:payments,courier:parcels,erp:payments+parcels`. What a sender signs proves who it is, and not
//! that it is to be believed in everything: a courier's key tells of parcels, and never that money came.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The longest name of a sender.
const LONGEST: usize = 32;

/// What a sender is believed about. Its webhooks lie in the inbox of the service whose business that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Types that begin with `payment.`, for payments.
    Payments,
    /// Types that begin with `parcel.`, for shipping.
    Parcels,
}

impl Topic {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Payments, Self::Parcels];

    /// The name in the setting.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Parcels => "parcels",
        }
    }

    /// What the types that belong to it begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Payments => "payment.",
            Self::Parcels => "parcel.",
        }
    }

    /// The source under which the inbox keeps them.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Payments => "standard-payments",
            Self::Parcels => "standard-parcels",
        }
    }

    /// The topic that a type belongs to, if it is one of these.
    pub fn of(event_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| event_type.starts_with(topic.prefix()))
    }
}

/// How the inbox names a sender's event: senders' ids are unique by themselves only.
pub fn event_of(sender: &str, event_id: &str) -> String {
    format!("{sender}.{event_id}")
}

/// The sender that the inbox's name of an event begins with.
pub fn sender_of(event: &str) -> &str {
    event.split('.').next().unwrap_or_default()
}

/// The senders of a stack, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Senders(BTreeMap<String, Vec<Topic>>);

/// What is wrong with the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write name:payments, name:parcels or name:payments+parcels, separated by commas; names are a-z, 0-9 and -"
)]
pub struct InvalidSenders;

impl Senders {
    /// What this sender is believed about; `None` if nobody is called so.
    pub fn topics(&self, sender: &str) -> Option<&[Topic]> {
        self.0.get(sender).map(Vec::as_slice)
    }

    /// Whether orders may be paid by way of this sender.
    pub fn takes_payments(&self, sender: &str) -> bool {
        self.topics(sender).is_some_and(|topics| topics.contains(&Topic::Payments))
    }
}

impl FromStr for Senders {
    type Err = InvalidSenders;

    fn from_str(text: &str) -> Result<Self, InvalidSenders> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let mut senders = BTreeMap::new();
        for entry in entries {
            let (name, topics) = entry.split_once(':').ok_or(InvalidSenders)?;
            let topics: Option<Vec<Topic>> = topics
                .split('+')
                .map(|word| Topic::ALL.into_iter().find(|topic| topic.as_str() == word.trim()))
                .collect();
            let topics = topics.ok_or(InvalidSenders)?;
            if !is_sender(name) || senders.insert(name.to_owned(), topics).is_some() {
                return Err(InvalidSenders);
            }
        }
        Ok(Self(senders))
    }
}

fn is_sender(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests;
