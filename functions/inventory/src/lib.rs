//! Inventory: stock, and what orders have allocated of it.
//!
//! Owns the stock items (`sku#<sku>` / `stock`; further shards of a hot SKU are `sku#<sku>#<shard>` / `stock`), the records of
//! adjustments, and a stream for each order.
//! Emits [`InventoryUpdated`](events::InventoryUpdated), [`OutOfStock`](events::OutOfStock),
//! [`StockReleased`](events::StockReleased), [`StockCommitted`](events::StockCommitted) and
//! [`StockReturned`](events::StockReturned). Reacts to payments' `OrderPaid` and to shipping's `Shipped`, `ShippingFailed`,
//! `ShipmentCancelled` and `ReturnReceived`.
//!
//! Invariant I2: for each SKU, on hand = available + allocated, neither is negative, and on hand changes only by what is shipped,
//! returned or adjusted. It holds because each event is written in one transaction with the stock moves that it describes.

mod allocate;
mod allocation;
mod manage;
mod plan;
mod shards;
mod stock;
#[cfg(test)]
mod testing;

pub use allocate::{AllocateStock, HotSkus};
pub use allocation::Allocation;
pub use manage::ManageStock;
pub use shards::{ALLOCATED, AVAILABLE, stock_keys};
pub use stock::stock_key;
