//! The numbers of one SKU, and how each event changes them.

use crate::shards::{ALLOCATED, AVAILABLE, Shelf, shard_key};
use event_store::{Key, Move};
use events::{InventoryEvent, Line, Sku, SkuShard};
use serde::Serialize;

/// The most pieces of one SKU, more than any shelf holds.
pub(crate) const MAX_PIECES: i64 = 1_000_000_000;

/// The key of the item that every SKU has.
pub fn stock_key(sku: &Sku) -> Key {
    shard_key(sku, 0)
}

/// How an event after the allocation changes the numbers, to be written in one transaction with it: those of the shards in which
/// the pieces are allocated. Numbers that do not change are left out.
pub(crate) fn moves(event: &InventoryEvent, shards: &[SkuShard]) -> Vec<Move> {
    let (lines, available, allocated) = match event {
        InventoryEvent::StockReleased(event) => (&event.lines, 1, -1),
        InventoryEvent::StockCommitted(event) => (&event.lines, 0, -1),
        InventoryEvent::StockReturned(event) => (&event.lines, 1, 0),
        // The plan of an allocation has its own moves.
        InventoryEvent::InventoryUpdated(_) | InventoryEvent::OutOfStock(_) => return Vec::new(),
    };
    let change = |line: &Line, name, sign: i64| (name, sign * i64::from(line.quantity));
    let moves = lines.iter().map(|line| {
        let changes = [change(line, AVAILABLE, available), change(line, ALLOCATED, allocated)];
        let shard = shards.iter().find(|one| one.sku == line.sku).map_or(0, |one| one.shard);
        let changes = changes.into_iter().filter(|(_, change)| *change != 0).collect();
        Move::new(shard_key(&line.sku, shard), changes)
    });
    moves.filter(|one| !one.changes.is_empty()).collect()
}

/// A SKU's stock, as a caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stock {
    pub(crate) sku: Sku,
    pub(crate) on_hand: i64,
    pub(crate) available: i64,
    pub(crate) allocated: i64,
    pub(crate) version: u64,
    /// Over how many shards new orders are spread; left out for a SKU that was never hot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shards: Option<u8>,
}

impl Stock {
    /// The sums over all shards.
    pub(crate) fn of(sku: &Sku, shelf: &Shelf) -> Self {
        let (available, allocated) = (shelf.total(AVAILABLE), shelf.total(ALLOCATED));
        Self {
            sku: sku.clone(),
            on_hand: available + allocated,
            available,
            allocated,
            version: shelf.version(),
            shards: shelf.is_sharded().then(|| shelf.spread()),
        }
    }
}
