//! The services that emit events.

use std::fmt;

/// A service that emits events: it owns a table, a topic and one enum of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Products and prices.
    Catalog,
    /// The order, its history and its views.
    Orders,
    /// Payments, the refund ledger, the Stripe inbox.
    Payments,
    /// Stock and allocations.
    Inventory,
    /// Shipments and the carrier inbox.
    Shipping,
}

impl Service {
    /// Every service that emits events.
    pub const ALL: [Self; 5] = [Self::Catalog, Self::Orders, Self::Payments, Self::Inventory, Self::Shipping];

    /// The name used in `source` and in event ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Orders => "orders",
            Self::Payments => "payments",
            Self::Inventory => "inventory",
            Self::Shipping => "shipping",
        }
    }

    /// What the service's streams are about: the prefix of their partition keys.
    pub const fn subject_kind(self) -> &'static str {
        match self {
            Self::Catalog => "product",
            Self::Orders | Self::Payments | Self::Inventory | Self::Shipping => "order",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
