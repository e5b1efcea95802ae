//! Catalog: products and their prices.
//!
//! Owns a stream for each product (`product#<sku>`) and, beside them, one item a product that serves the list.
//! Says [`ProductChanged`](events::ProductChanged); orders keeps its own copy of price and weight from it.
//! Reacts to nothing.

mod currencies;
mod list;
mod manage;
mod product;

pub use manage::ManageProducts;
pub use product::Product;
