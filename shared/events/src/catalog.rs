//! What catalog says: a product's name, price and weight, as of now.

use crate::service_event::service_events;
use crate::{Amount, Currency, Service, Sku};
use serde::{Deserialize, Serialize};

/// A product was created or changed. The newest sequence of a SKU's stream is what holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChanged {
    /// The product.
    pub sku: Sku,
    /// What a customer reads.
    pub name: String,
    /// Price of one piece in minor units.
    pub price: Amount,
    /// The price's currency.
    pub currency: Currency,
    /// Weight of one piece in grams, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Whether it can be ordered.
    pub active: bool,
}

service_events! {
    /// The events of catalog.
    CatalogEvent of Service::Catalog;
    ProductChanged = 1,
}
