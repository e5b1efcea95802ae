//! The events of the erasure of a customer's data: orders requests it for each order, and each service that keeps a stream
//! reports that its own data is erased.

use crate::Customer;
use serde::{Deserialize, Serialize};

/// Why the data of an order is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureCause {
    /// An operator requested it for the customer.
    Request,
    /// The order ended longer ago than the shop keeps personal data.
    Retention,
}

/// The personal data of the order is to be erased in every service. Emitted by `sweep-orders`, once an order.
///
/// Its message may be handled again at any time, also by a replay after a restore: what is erased already stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerErasureRequested {
    /// What replaces the customer's subject in every service: random, the same for all orders of one request.
    pub pseudonym: String,
    /// Why.
    pub because: ErasureCause,
    /// The operator who requested it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<Customer>,
}

/// Orders has erased what it held of the order's personal data: its stream, its view and its look-up items. Emitted by
/// `project-orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDataErased {}

/// Payments has erased what it held of the order's personal data. What it appends afterwards has none. Emitted by
/// `take-payment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDataErased {
    /// What replaced the customer's subject.
    pub pseudonym: String,
}

/// Shipping has erased what it held of the order's personal data. What it appends afterwards has none. Emitted by `ship-order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentDataErased {
    /// What replaced the customer's subject.
    pub pseudonym: String,
}
