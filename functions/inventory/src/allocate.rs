//! `allocate-stock`: allocates, releases, commits and returns the stock of an order.
//!
//! - Trigger: `OrderPaid` of payments; `Shipped`, `ShippingFailed`, `ShipmentCancelled`, `ReturnReceived` of shipping.
//! - Effect and events, in one transaction of the event and the moves of its SKUs:
//!   - `OrderPaid` → `InventoryUpdated` (available to allocated), or `OutOfStock` with nothing allocated;
//!   - `Shipped` → `StockCommitted` (allocated to gone);
//!   - `ShippingFailed`, `ShipmentCancelled` → `StockReleased` (allocated to available; on an empty stream a tombstone);
//!   - `ReturnReceived` with `restock` → `StockReturned` (gone to available).
//! - A SKU that is hot has its pieces on several items ([`shards`](crate::shards)). An order takes them from one, and releases,
//!   commits and returns them there. `OutOfStock` is written only by a transaction that has checked every shard ([`paid`]).
//! - A transaction, because the numbers belong to the SKU and the event to the order. All or nothing, so I2 holds.
//! - Idempotent by the order's stream: its fold shows that the effect exists, and its next place is a condition of the
//!   transaction.
//! - Retry: the table is unavailable, transactions conflicted (which does not mean that stock is missing), or `Shipped` or
//!   `ReturnReceived` arrived before the event that it follows.
//! - Reject: contradictory facts (shipped although released), or a stock item with fewer pieces than the stream allocated. An
//!   operator must count the shelf.

mod paid;

pub use paid::HotSkus;

use crate::Allocation;
use crate::stock::moves;
use async_trait::async_trait;
use event_store::{Counters, EventStore, History, Move, StreamId, Transaction, TransactionError};
use events::{
    CatalogEvent, Envelope, Event, InventoryEvent, OrderId, OrdersEvent, PaymentsEvent, ShippingEvent,
};
use resilience::{BackOff, Clock, Failure, RandomJitter};
use runtime::queue::{Consumer, Message, ignored};
use std::sync::Arc;

/// How often the step decides again after a conflict before the message returns to its queue.
const TRIES: u32 = 8;

/// The step of `allocate-stock`.
pub struct AllocateStock {
    /// The orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The numbers of each SKU, in the same table.
    pub counters: Arc<dyn Counters>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The hot SKUs that this process has met.
    pub hot: HotSkus,
}

#[async_trait]
impl Consumer for AllocateStock {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        match &message.event {
            Event::Payments(PaymentsEvent::OrderPaid(paid)) => self.allocate(message, &paid.lines).await,
            Event::Shipping(ShippingEvent::Shipped(_)) => {
                self.settle(message, Allocation::decide_commit).await
            }
            Event::Shipping(ShippingEvent::ShippingFailed(_) | ShippingEvent::ShipmentCancelled(_)) => {
                self.settle(message, Allocation::decide_release).await
            }
            Event::Shipping(ShippingEvent::ReturnReceived(received)) if received.restock => {
                self.settle(message, Allocation::decide_return).await
            }
            // The goods cannot be sold again: the stock does not change.
            Event::Shipping(ShippingEvent::ReturnReceived(_)) => Ok(()),
            Event::Payments(
                PaymentsEvent::PaymentRequested(_)
                | PaymentsEvent::PaymentActionRequired(_)
                | PaymentsEvent::PaymentFailed(_)
                | PaymentsEvent::PaymentCancellationRequested(_)
                | PaymentsEvent::PaymentCancelled(_)
                | PaymentsEvent::RefundRequested(_)
                | PaymentsEvent::PaymentRefunded(_)
                | PaymentsEvent::RefundFailed(_)
                | PaymentsEvent::PaymentDisputed(_)
                | PaymentsEvent::PaymentDataErased(_),
            )
            | Event::Shipping(
                ShippingEvent::ShipmentRequested(_)
                | ShippingEvent::LabelPurchased(_)
                | ShippingEvent::CancellationRejected(_)
                | ShippingEvent::LabelVoided(_)
                | ShippingEvent::LabelVoidFailed(_)
                | ShippingEvent::LabelVoidRequested(_)
                | ShippingEvent::ShipmentTracked(_)
                | ShippingEvent::Delivered(_)
                | ShippingEvent::ReturnedToSender(_)
                | ShippingEvent::TrackingCorrected(_)
                | ShippingEvent::ShipmentHeld(_)
                | ShippingEvent::ShipmentReleased(_)
                | ShippingEvent::StrayParcelSettled(_)
                | ShippingEvent::ShipmentDataErased(_),
            )
            | Event::Catalog(CatalogEvent::ProductChanged(_))
            | Event::Orders(
                OrdersEvent::OrderPlaced(_)
                | OrdersEvent::OrderCancellationRequested(_)
                | OrdersEvent::OrderExpired(_)
                | OrdersEvent::OrderUpdated(_)
                | OrdersEvent::CustomerErasureRequested(_)
                | OrdersEvent::OrderDataErased(_),
            )
            | Event::Inventory(
                InventoryEvent::InventoryUpdated(_)
                | InventoryEvent::OutOfStock(_)
                | InventoryEvent::StockReleased(_)
                | InventoryEvent::StockCommitted(_)
                | InventoryEvent::StockReturned(_),
            ) => ignored(&message.event),
        }
    }
}

impl AllocateStock {
    /// Reads, decides and writes, until the event is stored with its moves or the decision is that no event is due.
    async fn settle(
        &self,
        message: &Message,
        decide: impl Fn(&Allocation) -> Result<Option<InventoryEvent>, Failure> + Send + Sync,
    ) -> Result<(), Failure> {
        let stream = StreamId::order(&order_of(message)?);
        for attempt in 1..=TRIES {
            let history = self.store.history::<Allocation>(&stream).await?;
            let Some(event) = decide(&history.state)? else { return Ok(()) };
            let moves = moves(&event, history.state.shards());
            match self.write(&stream, &history, &message.envelope, Some(&event), moves).await {
                Ok(()) => return Ok(()),
                Err(TransactionError::Conflict) => {
                    self.clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
                }
                Err(TransactionError::Refused(items)) => {
                    return Err(Failure::reject(format!(
                        "{} stock items hold fewer pieces than the order allocated; count the shelf and correct them",
                        items.len()
                    )));
                }
                Err(TransactionError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Failure::retry(format!("concurrent writers won at {stream} {TRIES} times")))
    }

    async fn write(
        &self,
        stream: &StreamId,
        history: &History<Allocation>,
        because: &Envelope,
        event: Option<&InventoryEvent>,
        moves: Vec<Move>,
    ) -> Result<(), TransactionError> {
        let cause = because.as_cause();
        let event = event.map(|event| {
            let envelope = Envelope::wrap(stream.subject(), history.next(), self.clock.now(), &cause, event);
            (stream.clone(), envelope)
        });
        let transaction = Transaction { event, document: None, moves };
        self.counters.commit(&transaction).await?;
        let id = transaction.event.as_ref().map(|(_, envelope)| envelope.id.as_str());
        tracing::info!(event.id = id, event.cause = %cause.id, moves = transaction.moves.len(), "stock moved");
        Ok(())
    }
}

fn order_of(message: &Message) -> Result<OrderId, Failure> {
    OrderId::try_from(message.envelope.subject.as_str()).map_err(Failure::reject)
}

#[cfg(test)]
mod tests;
