//! A product: the fold of its stream, and the decision whether a put changes it. Pure.

use event_store::Aggregate;
use events::{CatalogEvent, Envelope, ProductChanged};

/// The state of a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Product {
    /// It was never put.
    #[default]
    Unknown,
    /// It was put; this is its last version.
    Known(ProductChanged),
}

impl Aggregate for Product {
    type Event = CatalogEvent;

    fn evolve(&mut self, event: &CatalogEvent, _envelope: &Envelope) {
        let CatalogEvent::ProductChanged(event) = event;
        *self = Self::Known(event.clone());
    }
}

impl Product {
    /// Changes the product to `input`; `None` if it is equal already.
    pub(crate) fn decide_put(&self, input: &ProductChanged) -> Option<CatalogEvent> {
        match self {
            Self::Known(known) if known == input => None,
            Self::Unknown | Self::Known(_) => Some(input.clone().into()),
        }
    }
}
