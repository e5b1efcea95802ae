//! The counts of a run, and the orders that its answer names.

use events::OrderId;
use serde::Serialize;

/// How many orders with a wrong view an answer names.
pub(super) const MOST_NAMED: usize = 20;

/// How the view of an order stands against the fold of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Same,
    Missing,
    /// It was made of fewer events, and shows something else.
    Behind,
    /// It was made of these events or more, and shows something else.
    Different,
}

/// What was found and done for an order.
pub(super) struct Done {
    pub(super) standing: Standing,
    /// How many look-up items were missing or wrong.
    pub(super) lacking: u64,
    /// Whether the view was written here.
    pub(super) is_written: bool,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    pub(super) orders: u64,
    same: u64,
    missing: u64,
    behind: u64,
    different: u64,
    written: u64,
    /// Orders that lack look-up items.
    not_findable: u64,
    pub(super) items_written: u64,
    /// Orders whose stream cannot be read.
    pub(super) unreadable: u64,
    /// Some of the orders whose views are not the same, or that lack look-up items.
    named: Vec<OrderId>,
    pub(super) items_read: u64,
    #[serde(skip)]
    pub(super) half_units: u64,
}

impl Tally {
    pub(super) fn count(&mut self, order: &OrderId, done: &Done) {
        let counter = match done.standing {
            Standing::Same => &mut self.same,
            Standing::Missing => &mut self.missing,
            Standing::Behind => &mut self.behind,
            Standing::Different => &mut self.different,
        };
        *counter += 1;
        self.not_findable += u64::from(done.lacking > 0);
        self.written += u64::from(done.is_written);
        if done.standing != Standing::Same || done.lacking > 0 {
            self.name(order);
        }
    }

    pub(super) fn name(&mut self, order: &OrderId) {
        if self.named.len() < MOST_NAMED {
            self.named.push(order.clone());
        }
    }
}
