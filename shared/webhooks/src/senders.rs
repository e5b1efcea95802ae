//! Which systems may send Standard Webhooks, and about which topics (systems other than Stripe and EasyPost).
//!
//! A setting lists them: `bank:payments,courier:parcels,erp:payments+parcels`. A signature proves the sender's identity, but
//! each sender is trusted in its topics only: a courier can report on parcels, and never a payment.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The longest name of a sender.
const LONGEST: usize = 32;

/// A topic in which a sender is trusted. Its webhooks are in the inbox of the service that the topic belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Types that begin with `payment.`, for the service payments.
    Payments,
    /// Types that begin with `parcel.`, for the service shipping.
    Parcels,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 2] = [Self::Payments, Self::Parcels];

    /// The name in the setting.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Parcels => "parcels",
        }
    }

    /// The prefix of its types.
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

    /// The topic of a type; `None` if the type has none.
    pub fn of(event_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| event_type.starts_with(topic.prefix()))
    }
}

/// The inbox's id of a sender's event: the sender's own id is unique only among its events.
pub fn event_of(sender: &str, event_id: &str) -> String {
    format!("{sender}.{event_id}")
}

/// The sender in the inbox's id of an event.
pub fn sender_of(event: &str) -> &str {
    event.split('.').next().unwrap_or_default()
}

/// The senders of a stack, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Senders(BTreeMap<String, Vec<Topic>>);

/// The setting is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write name:payments, name:parcels or name:payments+parcels, separated by commas; names are a-z, 0-9 and -"
)]
pub struct InvalidSenders;

impl Senders {
    /// The topics in which this sender is trusted; `None` if the sender is unknown.
    pub fn topics(&self, sender: &str) -> Option<&[Topic]> {
        self.0.get(sender).map(Vec::as_slice)
    }

    /// Whether this sender may report payments.
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
