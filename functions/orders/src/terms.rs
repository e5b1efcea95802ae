//! What an order is found by: its number, the customer's email, a tracking code, a product, the day. Pure.
//!
//! `project-orders` writes one look-up item into the table of views for each term of an order, when the first event that gives
//! the term arrives: `find#number#<number>`, `find#email#<keyed hash>`, `find#track#<code>`, `find#sku#<sku>#<shard>`,
//! `find#day#<day>#<shard>`. Its sort key is that of the order's view, so every partition is ordered by time, and its content
//! names the view's partition.
//!
//! An address is in no key: only its keyed hash is, so that who reads keys cannot try addresses against them. The items of an order
//! follow from its history ([`Term::of`]), so what is erased can be found and deleted order by order.

use crate::Order;
use crate::summary::{SHARDS, shard_of};
use event_store::{Aggregate as _, Document, History, Key, StoreError};
use events::{Envelope, OrderId, OrderNumber, OrdersEvent, Sequence, ServiceEvent as _, Sku};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use outbound::Secret;
use serde::{Deserialize, Serialize};

/// One value that an order is found by, in the form in which values are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Its number.
    Number(OrderNumber),
    /// The customer's email: trimmed, in lower case.
    Email(String),
    /// A code of one of its parcels: its letters and digits, in upper case. Also a code that was corrected later.
    TrackingCode(String),
    /// A product that was ordered.
    Sku(Sku),
    /// The day on which it was placed, in UTC.
    Day(Date),
}

/// The content of a look-up item.
#[derive(Debug, Serialize, Deserialize)]
struct LookUp {
    /// The partition of the order's view. Its sort key is the item's.
    view: String,
}

impl Term {
    /// The term of an email.
    pub fn email(address: &str) -> Self {
        Self::Email(address.trim().to_lowercase())
    }

    /// The term of a tracking code, which people type with or without separators.
    pub fn tracking_code(code: &str) -> Self {
        Self::TrackingCode(webhooks::carriers::plain_name(code))
    }

    /// The terms of an order, each with the place of the first event that gives it. An order whose personal data is erased has
    /// only its number.
    pub fn of(history: &History<Order>, id: &OrderId) -> Vec<(Sequence, Self)> {
        let mut found = Self::of_events(&history.envelopes, id);
        if history.state.pseudonym().is_some() {
            found.retain(|(_, term)| matches!(term, Self::Number(_)));
        }
        found
    }

    /// The terms that these events give, erased or not.
    pub(crate) fn of_events(envelopes: &[Envelope], id: &OrderId) -> Vec<(Sequence, Self)> {
        let mut found: Vec<(Sequence, Self)> = Vec::new();
        for envelope in envelopes {
            let Ok(event) = OrdersEvent::read(envelope) else { continue };
            for term in Self::of_event(&event, envelope.time, id) {
                if !found.iter().any(|(_, known)| *known == term) {
                    found.push((envelope.sequence, term));
                }
            }
        }
        found
    }

    /// Whether this event alone can give a term.
    pub(crate) fn is_given_by(event: &OrdersEvent) -> bool {
        match event {
            OrdersEvent::OrderPlaced(_) => true,
            OrdersEvent::OrderUpdated(updated) => updated.detail.tracking_code.is_some(),
            OrdersEvent::OrderCancellationRequested(_)
            | OrdersEvent::OrderExpired(_)
            | OrdersEvent::CustomerErasureRequested(_)
            | OrdersEvent::OrderDataErased(_) => false,
        }
    }

    fn of_event(event: &OrdersEvent, time: Timestamp, id: &OrderId) -> Vec<Self> {
        match event {
            OrdersEvent::OrderPlaced(placed) => {
                let skus = placed.lines.iter().map(|line| Self::Sku(line.sku.clone()));
                let day = TimeZone::UTC.to_datetime(time).date();
                [Self::Number(OrderNumber::of(id)), Self::email(&placed.contact.email), Self::Day(day)]
                    .into_iter()
                    .chain(skus)
                    .collect()
            }
            OrdersEvent::OrderUpdated(updated) => {
                let code = updated.detail.tracking_code.as_deref().map(Self::tracking_code);
                code.into_iter().filter(|code| *code != Self::TrackingCode(String::new())).collect()
            }
            OrdersEvent::OrderCancellationRequested(_)
            | OrdersEvent::OrderExpired(_)
            | OrdersEvent::CustomerErasureRequested(_)
            | OrdersEvent::OrderDataErased(_) => Vec::new(),
        }
    }

    /// Every partition that can hold items of this term, at most as many as there are keys or shards. The items that were
    /// written under an earlier key stay there.
    pub(crate) fn partitions(&self, email_keys: &[Secret]) -> Vec<String> {
        match self {
            Self::Number(number) => vec![number_partition(*number)],
            Self::Email(address) => email_keys.iter().map(|key| email_partition(address, key)).collect(),
            Self::TrackingCode(code) => vec![code_partition(code)],
            Self::Sku(sku) => (0..SHARDS).map(|shard| sku_partition(sku, shard)).collect(),
            Self::Day(day) => (0..SHARDS).map(|shard| day_partition(*day, shard)).collect(),
        }
    }

    /// The look-up item of this term for an order whose view has this key.
    pub fn item(&self, id: &OrderId, view: &Key, email_key: &Secret) -> (Key, Document) {
        let partition = match self {
            Self::Number(number) => number_partition(*number),
            Self::Email(address) => email_partition(address, email_key),
            Self::TrackingCode(code) => code_partition(code),
            Self::Sku(sku) => sku_partition(sku, shard_of(id)),
            Self::Day(day) => day_partition(*day, shard_of(id)),
        };
        (Key::new(partition, &view.sk), Document::of(&LookUp { view: view.pk.clone() }))
    }
}

fn number_partition(number: OrderNumber) -> String {
    format!("find#number#{}", number.compact())
}

fn email_partition(address: &str, key: &Secret) -> String {
    format!("find#email#{}", webhooks::keyed_hash(key, address))
}

fn code_partition(code: &str) -> String {
    format!("find#track#{code}")
}

/// A SKU has no `#`. A popular product is ordered more often than one partition takes writes, so its items are spread.
fn sku_partition(sku: &Sku, shard: u8) -> String {
    format!("find#sku#{sku}#{shard}")
}

fn day_partition(day: Date, shard: u8) -> String {
    format!("find#day#{day}#{shard}")
}

/// The key of the view that a look-up item names.
pub(crate) fn view_of(key: &Key, document: &Document) -> Result<Key, StoreError> {
    let found: LookUp = document.read(key)?;
    Ok(Key::new(found.view, &key.sk))
}

#[cfg(test)]
mod tests;
