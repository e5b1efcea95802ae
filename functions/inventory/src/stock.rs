//! The numbers of one SKU, and how each event changes them.

use event_store::{Counts, Key, Move};
use events::{InventoryEvent, Line, Sku};
use serde::Serialize;

/// The name of the number of pieces that can be sold.
pub const AVAILABLE: &str = "available";
/// The name of the number of pieces that are reserved for orders.
pub const ALLOCATED: &str = "allocated";

/// The most pieces of one SKU, more than any shelf holds.
pub(crate) const MAX_PIECES: i64 = 1_000_000_000;

const PREFIX: &str = "sku#";

/// The key of a SKU's numbers.
pub fn stock_key(sku: &Sku) -> Key {
    Key::new(format!("{PREFIX}{sku}"), "stock")
}

/// The SKU whose numbers have this key.
pub(crate) fn sku_at(key: &Key) -> Option<Sku> {
    Sku::try_from(key.pk.strip_prefix(PREFIX)?).ok()
}

/// How an event changes the numbers, to be written in one transaction with it. Numbers that do not change are left out.
pub(crate) fn moves(event: &InventoryEvent) -> Vec<Move> {
    let (lines, available, allocated) = match event {
        InventoryEvent::InventoryUpdated(event) => (&event.lines, -1, 1),
        InventoryEvent::StockReleased(event) => (&event.lines, 1, -1),
        InventoryEvent::StockCommitted(event) => (&event.lines, 0, -1),
        InventoryEvent::StockReturned(event) => (&event.lines, 1, 0),
        InventoryEvent::OutOfStock(_) => return Vec::new(),
    };
    let change = |line: &Line, name, sign: i64| (name, sign * i64::from(line.quantity));
    lines
        .iter()
        .map(|line| Move {
            key: stock_key(&line.sku),
            changes: [change(line, AVAILABLE, available), change(line, ALLOCATED, allocated)]
                .into_iter()
                .filter(|(_, change)| *change != 0)
                .collect(),
        })
        .filter(|one| !one.changes.is_empty())
        .collect()
}

/// A SKU's stock, as a caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stock {
    pub(crate) sku: Sku,
    pub(crate) on_hand: i64,
    pub(crate) available: i64,
    pub(crate) allocated: i64,
    pub(crate) version: u64,
}

impl Stock {
    pub(crate) fn of(sku: &Sku, counts: &Counts) -> Self {
        let (available, allocated) = (counts.get(AVAILABLE), counts.get(ALLOCATED));
        Self {
            sku: sku.clone(),
            on_hand: available + allocated,
            available,
            allocated,
            version: counts.version,
        }
    }
}
