//! A product. Pure: every answer follows from the stream alone.

use event_store::Aggregate;
use events::{CatalogEvent, Envelope, ProductChanged};

/// Where a product stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Product {
    /// Nobody has put it yet.
    #[default]
    Unknown,
    /// It is as it was put last.
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
    /// Makes the product what is `wanted`. Nothing where it is that already.
    pub(crate) fn decide_put(&self, wanted: &ProductChanged) -> Option<CatalogEvent> {
        match self {
            Self::Known(known) if known == wanted => None,
            Self::Unknown | Self::Known(_) => Some(wanted.clone().into()),
        }
    }
}
