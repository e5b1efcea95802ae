//! Orders: the order, its history and its views.
//!
//! Owns the table of orders and the table of their views. Says `OrderPlaced`, `OrderCancellationRequested`,
//! `OrderExpired` and `OrderUpdated`. Reacts to `ProductChanged` (keeps a copy of price and weight) and to
//! everything that payments, inventory and shipping say (records it as a fact and computes the status anew).
//!
//! [`Order`] is the aggregate; [`Facts`] is what the status is a pure function of. One file a step.

mod attention;
mod cancel;
mod cursor;
mod deadlines;
mod facts;
mod get;
mod order;
mod place;
mod prices;
mod project;
mod sweep;
mod track;
mod view;

pub use cancel::CancelOrder;
pub use deadlines::Deadlines;
pub use facts::Facts;
pub use get::GetOrder;
pub use order::{Due, Order};
pub use place::PlaceOrder;
pub use prices::{CopyPrices, Price};
pub use project::ProjectOrders;
pub use sweep::SweepOrders;
pub use track::TrackOrder;
pub use view::{OrderPage, Summary};
