//! Notifications: emails to customers about their orders, and text messages to the countries that the shop lists.
//!
//! Owns a deletable copy of each order's contact (`order#<id>` / `contact`), and a notice of each message that was sent
//! (`order#<id>` / `notice#<occasion>#<channel>`). Publishes nothing; its table has no stream. Reacts to `OrderPlaced`,
//! `CustomerErasureRequested`, and the events in `occasion.rs`.

mod contact;
mod countries;
mod notify;
mod occasion;
mod prefixes;
#[cfg(test)]
mod testing;
mod texts;

pub use countries::{Countries, InvalidCountries};
pub use notify::NotifyCustomer;
