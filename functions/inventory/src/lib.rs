//! Inventory: stock, and what orders have taken of it.
//!
//! Owns the stock items (`sku#<sku>` / `stock`), the record of adjustments, and a stream for each order.
//! Says [`InventoryUpdated`](events::InventoryUpdated), [`OutOfStock`](events::OutOfStock),
//! [`StockReleased`](events::StockReleased), [`StockCommitted`](events::StockCommitted) and
//! [`StockReturned`](events::StockReturned). Reacts to payments' `OrderPaid` and to shipping's `Shipped`,
//! `ShippingFailed`, `ShipmentCancelled` and `ReturnReceived`.
//!
//! Invariant I2: per SKU, on hand = available + allocated, none of them negative, and on hand changes only by
//! what shipped, came back or was adjusted. It holds because each event is written in one transaction with the
//! moves that it speaks of.

mod adjust;
mod allocate;
mod allocation;
mod manage;
mod stock;
#[cfg(test)]
mod testing;

pub use allocate::AllocateStock;
pub use allocation::Allocation;
pub use manage::ManageStock;
pub use stock::{ALLOCATED, AVAILABLE, stock_key};
