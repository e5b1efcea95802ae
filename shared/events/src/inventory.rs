//! What inventory says: stock taken for an order, or not; given back, sent away, or returned.

use crate::service_event::service_events;
use crate::{Line, Service, Sku};
use serde::{Deserialize, Serialize};

/// Every line of the order is allocated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryUpdated {
    /// What was allocated: all lines.
    pub lines: Vec<Line>,
}

/// At least one line could not be had, so none is allocated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutOfStock {
    /// The SKUs that were short.
    pub missing: Vec<Sku>,
}

/// The allocation was given back. Empty lines: nothing had been allocated, and nothing will be (a tombstone).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockReleased {
    /// What was given back.
    pub lines: Vec<Line>,
}

/// The allocated stock left the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockCommitted {
    /// What left.
    pub lines: Vec<Line>,
}

/// What had left came back and can be sold again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockReturned {
    /// What came back.
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
