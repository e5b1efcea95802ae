//! The events of inventory: stock allocated for an order or not, released, committed or returned. `allocate-stock` emits
//! all of them, each in one transaction with the change of the stock numbers.

use crate::service_event::service_events;
use crate::{Line, Service, Sku};
use serde::{Deserialize, Serialize};

/// Stock for every line of the order is allocated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryUpdated {
    /// The allocated quantities: all lines of the order.
    pub lines: Vec<Line>,
    /// Where the pieces of hot SKUs are allocated. A SKU that is not named here has them in its own item, shard 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<SkuShard>,
}

/// The shard in which an order has its pieces of a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuShard {
    /// The SKU.
    pub sku: Sku,
    /// Its shard.
    pub shard: u8,
}

impl InventoryUpdated {
    /// An allocation of SKUs without shards.
    pub fn unsharded(lines: Vec<Line>) -> Self {
        Self { lines, shards: Vec::new() }
    }
}

/// At least one line was short, so nothing is allocated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfStock {
    /// The SKUs that were short.
    pub missing: Vec<Sku>,
}

/// The order was cancelled or could not be shipped, and its allocated stock is available again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockReleased {
    /// The released quantities. Empty: nothing was allocated, and nothing will be (a tombstone).
    pub lines: Vec<Line>,
}

/// The order was shipped, and its allocated stock is no longer on hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockCommitted {
    /// The shipped quantities.
    pub lines: Vec<Line>,
}

/// The shipped goods were received back and are available for sale again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockReturned {
    /// The returned quantities.
    pub lines: Vec<Line>,
}

service_events! {
    /// The events of inventory.
    InventoryEvent of Service::Inventory;
    InventoryUpdated = 1,
    OutOfStock = 1,
    StockReleased = 1,
    StockCommitted = 1,
    StockReturned = 1,
}
