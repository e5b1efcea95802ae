//! A scenario: a few orders, the acts that may happen, and the faults that may happen.

use crate::work::{Act, Webhook};
use events::Provider;

/// A small world to explore.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, which `make model SCENARIO=…` selects by a part.
    pub name: &'static str,
    /// The payment method of each order. Each order is for one piece of the one product.
    pub orders: &'static [&'static str],
    /// Pieces in stock.
    pub stock: u32,
    /// Over how many shards they are spread.
    pub shards: u8,
    /// The shipping provider.
    pub carrier: Provider,
    /// The acts that may happen once, at any time. An act that an order needs to end happens in any case, once nothing
    /// else can happen (`Pipeline::closing`).
    pub acts: &'static [Act],
    /// Whether all acts happen, in this order: then the remaining ones happen once nothing else can happen.
    pub in_order: bool,
    /// Whether a frozen step times out, so that its work is given to another process and it becomes a zombie.
    pub zombies: bool,
    /// The webhooks that are sent.
    pub webhooks: Webhooks,
    /// Whether `track-order` receives each event at once or later.
    pub tracking: Tracking,
    /// The faults that may happen.
    pub budget: Budget,
    /// The number of deliveries up to which a retry without an effect is a new state: a step may decide by it.
    pub counted_deliveries: u8,
    /// The modes of the providers from the beginning.
    pub modes: &'static [ProviderMode],
    /// The ends that the exploration has to find, and no others: a model in which too little happens proves nothing, and
    /// an end without an explanation is a defect even if nothing is owed.
    pub ends: &'static [&'static str],
}

/// How often each fault may happen, at any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Budget {
    /// A process crashes before its first call or after one of its writes. Its message is redelivered.
    pub crashes: u8,
    /// A call fails, or has its effect and loses its answer.
    pub faults: u8,
    /// A process freezes between two calls. If its message is given to another process meanwhile, it is a zombie.
    pub freezes: u8,
    /// A message or a webhook is delivered again although it was handled.
    pub duplicates: u8,
    /// A webhook is lost.
    pub losses: u8,
}

/// The webhooks that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhooks {
    /// All, each at any time.
    All,
    /// The webhooks of payments are never sent; the others are, at any time.
    NoneOfPayments,
    /// None.
    None,
}

/// When `track-order` receives an event. The history of an order only decides whether a cancellation or an expiry is
/// requested, so a scenario without these can track at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// As soon as it is emitted.
    AtOnce,
    /// At any time, in any order.
    Delayed,
}

/// A mode of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderMode {
    /// Stripe refuses this number of refunds.
    RefusesRefunds(u32),
    /// Refunds are pending at first.
    HoldsRefunds,
    /// The carrier offers no rate.
    OffersNoRate,
    /// The carrier refunds no label.
    KeepsLabels,
}

impl Scenario {
    /// Whether this webhook is sent.
    pub(crate) fn sends(&self, webhook: &Webhook) -> bool {
        match self.webhooks {
            Webhooks::All => true,
            Webhooks::NoneOfPayments => !webhook.may_be_lost(),
            Webhooks::None => false,
        }
    }
}
