//! `copy-prices`: keeps orders' own copy of every product's price and weight, so that placing an order reads no other service.
//!
//! - Trigger: `ProductChanged` from catalog, over SQS.
//! - Effect: the item `sku#<sku>` / `price` holds the newest price. Emits no event.
//! - Idempotent by the event's sequence: a late or duplicate event is not newer than the item and is ignored.
//! - Retry when the table is unavailable. Any other event is ignored.

use async_trait::async_trait;
use event_store::{Document, Documents, Key};
use events::{Amount, CatalogEvent, Currency, Event, Sku};
use resilience::Failure;
use runtime::queue::{Consumer, Message, ignored};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The price of a product, as orders stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Price of one piece in minor units.
    pub price: Amount,
    /// Its currency.
    pub currency: Currency,
    /// Weight of one piece in grams; 0 if the catalog has none.
    pub weight_grams: u32,
    /// Whether the product can be ordered.
    pub active: bool,
}

impl Price {
    /// The key of a product's price.
    pub fn key(sku: &Sku) -> Key {
        Key::new(format!("sku#{sku}"), "price")
    }
}

/// The step.
pub struct CopyPrices {
    /// Orders' table.
    pub documents: Arc<dyn Documents>,
}

#[async_trait]
impl Consumer for CopyPrices {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let product = match &message.event {
            Event::Catalog(CatalogEvent::ProductChanged(product)) => product,
            Event::Orders(_) | Event::Payments(_) | Event::Inventory(_) | Event::Shipping(_) => {
                return ignored(&message.event);
            }
        };
        let price = Price {
            price: product.price,
            currency: product.currency,
            weight_grams: product.weight_grams.unwrap_or(0),
            active: product.active,
        };
        let document = Document::of(&price).versioned(message.envelope.sequence.number().into());
        let newer = self.documents.put_newer(&Price::key(&product.sku), &document).await?;
        tracing::info!(sku = product.sku.as_str(), newer, "price copied");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
