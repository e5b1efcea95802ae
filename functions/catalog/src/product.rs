//! A product: the fold of its stream, and the decision whether a request changes it. Pure.

use event_store::Aggregate;
use events::{CatalogEvent, Envelope, ProductChanged};

/// The state of a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Product {
    /// It was never put.
    #[default]
    Unknown,
    /// It was put.
    Known {
        /// As it was put last.
        product: ProductChanged,
        /// The sequence of that event.
        version: u64,
    },
}

impl Aggregate for Product {
    type Event = CatalogEvent;

    fn evolve(&mut self, event: &CatalogEvent, envelope: &Envelope) {
        let CatalogEvent::ProductChanged(event) = event;
        *self = Self::Known { product: event.clone(), version: envelope.sequence.number().into() };
    }
}

impl Product {
    /// The version, unless the product was never put.
    pub(crate) const fn version(&self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Known { version, .. } => Some(*version),
        }
    }

    /// Changes the product to `input`; `None` if it is equal already.
    pub(crate) fn decide_put(&self, input: &ProductChanged) -> Option<CatalogEvent> {
        match self {
            Self::Known { product, .. } if product == input => None,
            Self::Unknown | Self::Known { .. } => Some(input.clone().into()),
        }
    }

    /// Takes the product off sale; `None` if it is not on sale. Orders that were placed keep their own copy of it.
    pub(crate) fn decide_delete(&self) -> Option<CatalogEvent> {
        match self {
            Self::Known { product, .. } if product.active => {
                Some(ProductChanged { active: false, ..product.clone() }.into())
            }
            Self::Unknown | Self::Known { .. } => None,
        }
    }
}
