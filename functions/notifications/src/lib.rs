//! Notifications: what customers are told about their orders, by email and, where the shop wants it, by SMS.
//!
//! Owns a deletable copy of each order's contact (`order#<id>` / `contact`) and a notice of each message that was
//! sent (`order#<id>` / `notice#<occasion>#<channel>`). Says nothing; its table has no stream. Reacts to
//! `OrderPlaced`, and to the occasions that `occasion.rs` lists.

mod contact;
mod countries;
mod notify;
mod occasion;
#[cfg(test)]
mod testing;
mod texts;

pub use countries::{Countries, InvalidCountries};
pub use notify::NotifyCustomer;
