//! Catalog: products and their prices.
//!
//! Owns a stream for each product (`product#<sku>`) and, beside it, one item for each product that serves the list.
//! Emits [`ProductChanged`](events::ProductChanged), from which orders keeps its own copy of price and weight.
//! Reacts to no event.

mod bulk;
mod input;
mod list;
mod manage;
mod product;
#[cfg(test)]
mod testing;
mod writer;

pub use manage::ManageProducts;
pub use product::Product;
