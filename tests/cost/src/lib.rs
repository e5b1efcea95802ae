//! What an order costs, counted: one order alone in one process, with the real code of every step over tables that count the
//! requests of the adapter on DynamoDB. `docs/cost.md` publishes the figures, and a test fails if it is stale.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the shop is this crate's own: what is missing in it is a mistake here"
)]
#![expect(
    clippy::float_arithmetic,
    reason = "a price list is an estimate; no order's money is computed here"
)]

mod ends;
mod floor;
pub mod growth;
mod meter;
mod outside;
mod page;
mod prices;
mod shop;
mod table;
mod units;

pub use ends::{ByFunction, DELIVERED, ENDS, End, log_of_a_delivered_order};
pub use meter::{Meter, Tally};
pub use page::{delivered, renew};
pub use prices::{FAST, ONE_AT_A_TIME, Prices, Rate, SLOW};
pub use shop::{By, Shop};
pub use units::{INDEXES, Index};
