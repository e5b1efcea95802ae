//! The event of catalog: a product's name, price and weight.

use crate::service_event::service_events;
use crate::{Amount, Currency, Service, Sku};
use serde::{Deserialize, Serialize};

/// A product was created or changed; it holds the whole new state. Emitted by `manage-products`.
///
/// A consumer keeps the event with the highest sequence of each SKU's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChanged {
    /// The product.
    pub sku: Sku,
    /// The product's name as customers read it.
    pub name: String,
    /// Price of one piece, in minor units of `currency`.
    pub price: Amount,
    /// The price's currency.
    pub currency: Currency,
    /// Weight of one piece in grams, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Whether customers can order the product.
    pub active: bool,
}

service_events! {
    /// The events of catalog.
    CatalogEvent of Service::Catalog;
    ProductChanged = 1,
}
