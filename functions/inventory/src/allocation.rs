//! What one order has taken of the stock. Pure: every answer follows from the stream alone.

use event_store::Aggregate;
use events::{
    Envelope, InventoryEvent, InventoryUpdated, Line, StockCommitted, StockReleased, StockReturned,
};
use resilience::Failure;

/// A transaction takes 100 actions, and the event is one of them.
const MOST_SKUS: usize = 99;

/// Where an order's stock stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Allocation {
    /// Nothing was decided yet.
    #[default]
    None,
    /// Every line stands in the house for the order.
    Allocated {
        /// What was taken, each SKU once.
        lines: Vec<Line>,
    },
    /// A line was short, and none was taken. For good.
    OutOfStock,
    /// What had been taken was given back, or nothing was and nothing will be (a tombstone). For good.
    Released,
    /// It has left the house.
    Committed {
        /// What left.
        lines: Vec<Line>,
    },
    /// It came back and can be sold again. For good.
    Returned,
}

impl Aggregate for Allocation {
    type Event = InventoryEvent;

    fn evolve(&mut self, event: &InventoryEvent, _envelope: &Envelope) {
        *self = match event {
            InventoryEvent::InventoryUpdated(event) => Self::Allocated { lines: event.lines.clone() },
            InventoryEvent::OutOfStock(_) => Self::OutOfStock,
            InventoryEvent::StockReleased(_) => Self::Released,
            InventoryEvent::StockCommitted(event) => Self::Committed { lines: event.lines.clone() },
            InventoryEvent::StockReturned(_) => Self::Returned,
        };
    }
}

impl Allocation {
    /// The order is paid: take every line. Whether the stock suffices is for the table to say.
    pub(crate) fn decide_allocate(&self, lines: &[Line]) -> Result<Option<InventoryEvent>, Failure> {
        match self {
            Self::None => {
                let lines = merged(lines);
                if lines.len() > MOST_SKUS {
                    return Err(Failure::reject(format!(
                        "an order of more than {MOST_SKUS} SKUs cannot be allocated"
                    )));
                }
                Ok(Some(InventoryUpdated { lines }.into()))
            }
            // Done before, or a cancellation overtook the payment.
            Self::Allocated { .. }
            | Self::OutOfStock
            | Self::Released
            | Self::Committed { .. }
            | Self::Returned => Ok(None),
        }
    }

    /// The order will not be shipped: give back what was taken.
    pub(crate) fn decide_release(&self) -> Result<Option<InventoryEvent>, Failure> {
        match self {
            // The tombstone: an `OrderPaid` that comes later takes nothing.
            Self::None => Ok(Some(StockReleased { lines: Vec::new() }.into())),
            Self::Allocated { lines } => Ok(Some(StockReleased { lines: lines.clone() }.into())),
            Self::OutOfStock | Self::Released => Ok(None),
            Self::Committed { .. } | Self::Returned => {
                Err(Failure::reject("the shipment ended without shipping, but its stock has left the house"))
            }
        }
    }

    /// The parcel was handed over: what was taken is gone.
    pub(crate) fn decide_commit(&self) -> Result<Option<InventoryEvent>, Failure> {
        match self {
            Self::None => {
                Err(Failure::retry("shipped before it was allocated; the allocation is on its way"))
            }
            Self::Allocated { lines } => Ok(Some(StockCommitted { lines: lines.clone() }.into())),
            Self::Committed { .. } | Self::Returned => Ok(None),
            Self::OutOfStock | Self::Released => Err(Failure::reject(
                "shipped, but no stock is allocated to the order; count the shelf and adjust it",
            )),
        }
    }

    /// The goods are back on the shelf.
    pub(crate) fn decide_return(&self) -> Result<Option<InventoryEvent>, Failure> {
        match self {
            Self::None | Self::Allocated { .. } => {
                Err(Failure::retry("returned before it was committed; the commitment is on its way"))
            }
            Self::Committed { lines } => Ok(Some(StockReturned { lines: lines.clone() }.into())),
            Self::Returned => Ok(None),
            Self::OutOfStock | Self::Released => Err(Failure::reject(
                "returned, but no stock had left for the order; count the shelf and adjust it",
            )),
        }
    }
}

/// The lines with each SKU once: a transaction touches an item once.
fn merged(lines: &[Line]) -> Vec<Line> {
    let mut merged: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        match merged.iter_mut().find(|there| there.sku == line.sku) {
            Some(there) => there.quantity = there.quantity.saturating_add(line.quantity),
            None => merged.push(line.clone()),
        }
    }
    merged
}
