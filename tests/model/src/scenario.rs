//! What a scenario is: a few orders, who may act, and how much may go wrong.

use crate::work::{Act, Hook};
use events::Provider;

/// A small world.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, for people and for `make model`.
    pub name: &'static str,
    /// The payment method of each order. Each is of one piece of the one product.
    pub orders: &'static [&'static str],
    /// Pieces in the house.
    pub stock: u32,
    /// Who moves the parcels.
    pub carrier: Provider,
    /// What may happen once at any time. What has to happen for an order to end may happen beside that once nothing
    /// else moves (`Model::closing`).
    pub acts: &'static [Act],
    /// Whether they happen in their order, and all of them: then the last ones happen once nothing else moves.
    pub in_order: bool,
    /// Whether the work of one who sleeps is given to another meanwhile.
    pub zombies: bool,
    /// Which webhooks are sent.
    pub webhooks: Webhooks,
    /// Whether `track-order` hears each event at once, or some time.
    pub tracks: Tracks,
    /// How often something may go wrong.
    pub budget: Budget,
    /// How often a message may come back without anything having changed before that tells no more: a step may count.
    pub patience: u8,
    /// What is the matter with the providers from the beginning.
    pub moods: &'static [Mood],
    /// The ends that the exploration has to find, and no others: a model in which too little happens proves nothing, and
    /// an end that nobody can explain is a mistake, also where nothing is owed.
    pub ends: &'static [&'static str],
}

/// How often something may go wrong, each at any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Budget {
    /// A process is gone after one of its writes, or before it did anything; its message comes again.
    pub crashes: u8,
    /// A call fails, or is done and its answer lost.
    pub faults: u8,
    /// A process falls asleep between two calls. Its message may be given to another meanwhile: then it is a zombie.
    pub sleeps: u8,
    /// A message or a webhook comes once more although it was done.
    pub repeats: u8,
    /// A webhook is lost.
    pub losses: u8,
}

/// Which webhooks are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhooks {
    /// All. Each may come at any time.
    All,
    /// Those of payments never come (each counts as lost), the others may at any time.
    NoneOfPayments,
    /// None ever comes.
    None,
}

/// When `track-order` hears of an event. Orders' history decides nothing but whether a cancellation and an expiry are
/// asked for, so where neither is, it is enough to hear at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracks {
    /// As soon as it is written.
    AtOnce,
    /// At any time, in any order.
    SomeTime,
}

/// What is the matter with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Stripe refuses so many refunds.
    RefusesRefunds(u32),
    /// Refunds are pending at first.
    HoldsRefunds,
    /// The carrier offers no rate.
    OffersNoRate,
    /// The carrier takes no label back.
    KeepsLabels,
}

impl Scenario {
    /// Whether this webhook is sent at all.
    pub(crate) fn hears(&self, hook: &Hook) -> bool {
        match self.webhooks {
            Webhooks::All => true,
            Webhooks::NoneOfPayments => !hook.may_be_lost(),
            Webhooks::None => false,
        }
    }
}
