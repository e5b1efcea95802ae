//! The event of catalog: a product, its price, and what its page shows.

use crate::service_event::service_events;
use crate::{Amount, Currency, Service, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// Plain text for the product's page, which may have several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Addresses of its images (https). Lists show the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Further facts in the order in which they are shown. No name occurs twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<ProductAttribute>,
    /// The shop's name for how the product is taxed. Nothing reads it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<String>,
    /// The groups that it is listed in, in the order of their bytes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
}

/// A fact about a product, for example `origin`: `Uji, Japan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductAttribute {
    /// What it is called.
    pub name: String,
    /// What it is for this product.
    pub value: String,
}

impl ProductChanged {
    /// A product that can be ordered, without anything else.
    pub const fn new(sku: Sku, name: String, price: Amount, currency: Currency) -> Self {
        Self {
            sku,
            name,
            price,
            currency,
            weight_grams: None,
            active: true,
            description: None,
            images: Vec::new(),
            attributes: Vec::new(),
            tax_class: None,
            tags: BTreeSet::new(),
        }
    }
}

service_events! {
    /// The events of catalog.
    CatalogEvent of Service::Catalog;
    ProductChanged = 1,
}
