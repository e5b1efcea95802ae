//! Orders: the order, its history and its views.
//!
//! Owns the table of orders and the table of their views, which also has the look-up items of the search ([`Term`]). Emits
//! `OrderPlaced`, `OrderCancellationRequested`, `OrderExpired`, `OrderUpdated`, `CustomerErasureRequested` and `OrderDataErased`.
//! Its table also keeps the requests to erase customers (`requests.rs`). Reacts to `ProductChanged` (keeps a copy of
//! price and weight) and to every event of payments, inventory and shipping (records it as a fact and computes the status again).
//!
//! It also keeps clients up to date while an order moves (`live.rs`), with a table of its own.
//!
//! [`Order`] is the aggregate. [`Facts`] is the set of facts from which the status follows; its module lists every fact with its
//! names. Each step has its own file.

mod attention;
mod cancel;
mod cursor;
mod deadlines;
mod email_key;
mod erase;
mod facts;
mod get;
mod live;
mod measures;
mod order;
mod place;
mod prices;
mod project;
mod rebuild;
mod requests;
mod search;
mod summary;
mod sweep;
mod terms;
#[cfg(test)]
mod testing;
mod track;
mod view;

pub use cancel::CancelOrder;
pub use deadlines::Deadlines;
pub use email_key::EmailKey;
pub use erase::EraseCustomer;
pub use facts::Facts;
pub use get::GetOrder;
pub use live::{FollowOrders, Followers, IssueTicket, PushUpdates};
pub use order::{Due, Order};
pub use place::PlaceOrder;
pub use prices::{CopyPrices, Price};
pub use project::ProjectOrders;
pub use rebuild::{Rebuild, RebuildViews, Rebuilding};
pub use search::SearchOrders;
pub use summary::Summary;
pub use sweep::{Erasures, SweepOrders};
pub use terms::Term;
pub use track::TrackOrder;
pub use view::OrderPage;
