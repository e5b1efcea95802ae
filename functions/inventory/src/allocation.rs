//! What one order has allocated of the stock: the fold of its stream, and the decisions about it. Pure.

use crate::plan::MOST_MOVES;
use event_store::Aggregate;
use events::{Envelope, InventoryEvent, Line, SkuShard, StockCommitted, StockReleased, StockReturned};
use resilience::Failure;

/// The state of an order's stock. The last state of each path is permanent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Allocation {
    /// No decision yet.
    #[default]
    None,
    /// Every line is reserved for the order.
    Allocated {
        /// What is allocated, each SKU once.
        lines: Vec<Line>,
        /// Where: a SKU that is missing has its pieces in shard 0.
        shards: Vec<SkuShard>,
    },
    /// A line was short, and none was allocated. Permanent.
    OutOfStock,
    /// The allocation was released, or there was none and there will be none (a tombstone). Permanent.
    Released,
    /// It was handed over to the carrier.
    Committed {
        /// What was handed over.
        lines: Vec<Line>,
        /// Where it was allocated, and will be returned to.
        shards: Vec<SkuShard>,
    },
    /// It was returned and can be sold again. Permanent.
    Returned,
}

impl Aggregate for Allocation {
    type Event = InventoryEvent;

    fn evolve(&mut self, event: &InventoryEvent, _envelope: &Envelope) {
        let shards = self.shards().to_vec();
        *self = match event {
            InventoryEvent::InventoryUpdated(event) => {
                Self::Allocated { lines: event.lines.clone(), shards: event.shards.clone() }
            }
            InventoryEvent::OutOfStock(_) => Self::OutOfStock,
            InventoryEvent::StockReleased(_) => Self::Released,
            InventoryEvent::StockCommitted(event) => Self::Committed { lines: event.lines.clone(), shards },
            InventoryEvent::StockReturned(_) => Self::Returned,
        };
    }
}

impl Allocation {
    /// The shards in which the pieces are. Release, commitment and return use the same ones.
    pub(crate) fn shards(&self) -> &[SkuShard] {
        match self {
            Self::Allocated { shards, .. } | Self::Committed { shards, .. } => shards,
            Self::None | Self::OutOfStock | Self::Released | Self::Returned => &[],
        }
    }

    /// The order is paid: allocate these lines, each SKU once. The transaction decides whether the stock suffices.
    pub(crate) fn decide_allocate(&self, lines: &[Line]) -> Result<Option<Vec<Line>>, Failure> {
        match self {
            Self::None => {
                let lines = merged(lines);
                if lines.len() > MOST_MOVES {
                    return Err(Failure::reject(format!(
                        "an order of more than {MOST_MOVES} SKUs cannot be allocated"
                    )));
                }
                Ok(Some(lines))
            }
            // A duplicate, or a cancellation overtook the payment.
            Self::Allocated { .. }
            | Self::OutOfStock
            | Self::Released
            | Self::Committed { .. }
            | Self::Returned => Ok(None),
        }
    }

    /// The order will not be shipped: release its allocation.
    pub(crate) fn decide_release(&self) -> Result<Option<InventoryEvent>, Failure> {
        match self {
            // The tombstone: a later `OrderPaid` allocates nothing.
            Self::None => Ok(Some(StockReleased { lines: Vec::new() }.into())),
            Self::Allocated { lines, .. } => Ok(Some(StockReleased { lines: lines.clone() }.into())),
            Self::OutOfStock | Self::Released => Ok(None),
            Self::Committed { .. } | Self::Returned => {
                Err(Failure::reject("the shipment ended without a hand-over, but its stock was committed"))
            }
        }
    }

    /// The parcel was handed over: its stock is gone.
    pub(crate) fn decide_commit(&self) -> Result<Option<InventoryEvent>, Failure> {
        match self {
            Self::None => Err(Failure::retry("shipped before it was allocated; the allocation will follow")),
            Self::Allocated { lines, .. } => Ok(Some(StockCommitted { lines: lines.clone() }.into())),
            Self::Committed { .. } | Self::Returned => Ok(None),
            Self::OutOfStock | Self::Released => Err(Failure::reject(
                "shipped, but no stock is allocated to the order; count the shelf and adjust it",
            )),
        }
    }

    /// The goods were returned to the shelf.
    pub(crate) fn decide_return(&self) -> Result<Option<InventoryEvent>, Failure> {
        match self {
            Self::None | Self::Allocated { .. } => {
                Err(Failure::retry("returned before it was committed; the commitment will follow"))
            }
            Self::Committed { lines, .. } => Ok(Some(StockReturned { lines: lines.clone() }.into())),
            Self::Returned => Ok(None),
            Self::OutOfStock | Self::Released => Err(Failure::reject(
                "returned, but no stock was committed for the order; count the shelf and adjust it",
            )),
        }
    }
}

/// The lines with each SKU once: a transaction can change an item only once.
fn merged(lines: &[Line]) -> Vec<Line> {
    let mut merged: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines {
        match merged.iter_mut().find(|other| other.sku == line.sku) {
            Some(same) => same.quantity = same.quantity.saturating_add(line.quantity),
            None => merged.push(line.clone()),
        }
    }
    merged
}
