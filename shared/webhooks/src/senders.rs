//! Which systems may send Standard Webhooks, and about which topics (systems other than Stripe and EasyPost).
//!
//! A setting lists them: `bank:payments,courier:parcels=DHL+UPS,erp:payments+parcels`. A signature proves the sender's identity,
//! but each sender is trusted in its topics only: a courier can report on parcels of its own carriers, and never a payment.
//!
//! `parcels=DHL+UPS` binds the sender to the parcels of these carriers, `parcels=*` to those of every carrier. Without a
//! binding the sender's own name is its carrier.

use crate::carriers::carrier_name;
use std::collections::BTreeMap;
use std::str::FromStr;

/// The longest name of a sender.
pub(crate) const LONGEST: usize = 32;

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
pub struct Senders(BTreeMap<String, Sender>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sender {
    topics: Vec<Topic>,
    carriers: Carriers,
}

/// The carriers whose parcels a sender may report, by their [`carrier_name`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Carriers {
    Named(Vec<String>),
    Every,
}

/// The setting is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write name:payments, name:parcels, name:parcels=carrier+carrier or name:payments+parcels, separated by commas; names are a-z, 0-9 and -"
)]
pub struct InvalidSenders;

impl Senders {
    /// The topics in which this sender is trusted; `None` if the sender is unknown.
    pub fn topics(&self, sender: &str) -> Option<&[Topic]> {
        self.0.get(sender).map(|sender| sender.topics.as_slice())
    }

    /// The name of each sender's secret, which is the sender's own name after a prefix.
    pub fn secrets(&self, prefix: &str) -> Vec<String> {
        self.0.keys().map(|sender| format!("{prefix}{sender}")).collect()
    }

    /// Whether this sender may report payments.
    pub fn takes_payments(&self, sender: &str) -> bool {
        self.topics(sender).is_some_and(|topics| topics.contains(&Topic::Payments))
    }

    /// The senders that may report payments, by name.
    pub fn of_payments(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, sender)| sender.topics.contains(&Topic::Payments))
            .map(|(name, _)| name.as_str())
    }

    /// Whether the sender may report parcels of this carrier, in any spelling of its name.
    pub fn reports_parcels_of(&self, sender: &str, carrier: &str) -> bool {
        self.0.get(sender).is_some_and(|sender| {
            sender.topics.contains(&Topic::Parcels)
                && match &sender.carriers {
                    Carriers::Named(names) => names.contains(&carrier_name(carrier)),
                    Carriers::Every => true,
                }
        })
    }
}

impl FromStr for Senders {
    type Err = InvalidSenders;

    fn from_str(text: &str) -> Result<Self, InvalidSenders> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let mut senders = BTreeMap::new();
        for entry in entries {
            let (name, topics) = entry.split_once(':').ok_or(InvalidSenders)?;
            let sender = sender(name, topics).filter(|_| is_sender(name)).ok_or(InvalidSenders)?;
            if senders.insert(name.to_owned(), sender).is_some() {
                return Err(InvalidSenders);
            }
        }
        Ok(Self(senders))
    }
}

/// Reads `payments+parcels=DHL+UPS`. A word after `parcels=` is a carrier, unless it is a topic.
fn sender(name: &str, text: &str) -> Option<Sender> {
    let topic_of = |word: &str| Topic::ALL.into_iter().find(|topic| topic.as_str() == word);
    let (mut topics, mut carriers, mut is_every) = (Vec::new(), None, false);
    for word in text.split('+').map(str::trim) {
        if let Some(topic) = topic_of(word) {
            topics.push(topic);
            continue;
        }
        let carrier = match word.split_once('=') {
            Some((topic, first)) if topic_of(topic.trim()) == Some(Topic::Parcels) && carriers.is_none() => {
                topics.push(Topic::Parcels);
                carriers = Some(Vec::new());
                first.trim()
            }
            Some(_) => return None,
            None => word,
        };
        // A carrier before `parcels=` belongs to nothing.
        let named = carriers.as_mut()?;
        match carrier_name(carrier) {
            _ if carrier == "*" => is_every = true,
            unnamed if unnamed.is_empty() || carrier.contains('=') => return None,
            carrier => named.push(carrier),
        }
    }
    let carriers = match carriers {
        _ if is_every => Carriers::Every,
        Some(named) => Carriers::Named(named),
        None => Carriers::Named(vec![carrier_name(name)]),
    };
    Some(Sender { topics, carriers })
}

fn is_sender(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests;
