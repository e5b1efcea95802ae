//! `ship-order`: everything that shipping reacts to by itself.
//!
//! Trigger: one SQS message at a time. By event:
//! - `OrderPlaced`: keeps the copy of the address. Says nothing. Idempotent by overwriting.
//! - `InventoryUpdated`: lists the shipment as open, and with EasyPost creates it there (free; a second one after
//!   a crash is forgotten) → `ShipmentRequested`; an address that the carrier refuses → `ShippingFailed`. On a
//!   stream that has begun, nothing.
//! - `ShipmentRequested` of EasyPost: asks for the shipment, buys its label unless it has one, maps the code →
//!   `LabelPurchased`; no label to be had → `ShippingFailed`. Of the warehouse: nothing. Idempotent by asking
//!   first, and by EasyPost's refusal of a second purchase.
//! - `LabelPurchased`, `ShipmentCancelled`, `ShippingFailed`, `LabelVoidRequested`: a label without a future is given back, after asking
//!   whether it is already → `LabelVoided` or `LabelVoidFailed`. The ended ones leave the list of open shipments.
//! - `OrderCancellationRequested`: arbitrates → `ShipmentCancelled`, or once `CancellationRejected` (I4).
//!
//! Retry: the address copy is not here yet; the table, a secret or EasyPost gives no clear answer or does not admit
//! us; EasyPost offers no rate yet. Reject: an event that it is not subscribed to, a request that EasyPost calls
//! unsound for a reason other than the customer's address.

mod label;
mod request;
#[cfg(test)]
mod tests;

use crate::easypost::{EasyPost, Terms};
use crate::{address, append, order_of};
use async_trait::async_trait;
use event_store::{Documents, EventStore};
use events::{Event, InventoryEvent, OrdersEvent, Provider, ShippingEvent};
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message};
use std::sync::Arc;

/// The step. See the module.
pub struct ShipOrder {
    /// The shipments' streams.
    pub store: Arc<dyn EventStore>,
    /// Addresses, the map of codes, the list of open shipments.
    pub documents: Arc<dyn Documents>,
    /// Dates events.
    pub clock: Arc<dyn Clock>,
    /// Who moves new shipments. Those that are there already keep theirs.
    pub provider: Provider,
    /// What EasyPost is asked for.
    pub terms: Terms,
    /// Also with the warehouse's own dispatch: shipments of before may still be EasyPost's.
    pub easypost: EasyPost,
}

#[async_trait]
impl Consumer for ShipOrder {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let order = order_of(&message.envelope)?;
        let not_subscribed =
            || Err(Failure::reject(format!("not subscribed to {}", message.envelope.event_type)));
        match &message.event {
            Event::Orders(event) => match event {
                OrdersEvent::OrderPlaced(placed) => {
                    Ok(address::keep(&*self.documents, &order, placed).await?)
                }
                OrdersEvent::OrderCancellationRequested(_) => {
                    let cause = message.envelope.as_cause();
                    append(&*self.store, &*self.clock, &order, &cause, |shipment| {
                        shipment.decide_cancellation()
                    })
                    .await
                    .map(drop)
                }
                OrdersEvent::OrderExpired(_) | OrdersEvent::OrderUpdated(_) => not_subscribed(),
            },
            Event::Inventory(event) => match event {
                InventoryEvent::InventoryUpdated(allocated) => {
                    self.request(&order, message, &allocated.lines).await
                }
                InventoryEvent::OutOfStock(_)
                | InventoryEvent::StockReleased(_)
                | InventoryEvent::StockCommitted(_)
                | InventoryEvent::StockReturned(_) => not_subscribed(),
            },
            Event::Shipping(event) => match event {
                ShippingEvent::ShipmentRequested(_) => self.buy_label(&order, message).await,
                ShippingEvent::LabelPurchased(_)
                | ShippingEvent::ShipmentCancelled(_)
                | ShippingEvent::ShippingFailed(_)
                | ShippingEvent::LabelVoidRequested(_) => self.settle(&order, message).await,
                ShippingEvent::Shipped(_)
                | ShippingEvent::CancellationRejected(_)
                | ShippingEvent::LabelVoided(_)
                | ShippingEvent::LabelVoidFailed(_)
                | ShippingEvent::ShipmentTracked(_)
                | ShippingEvent::Delivered(_)
                | ShippingEvent::ReturnedToSender(_)
                | ShippingEvent::ReturnReceived(_) => not_subscribed(),
            },
            Event::Catalog(_) | Event::Payments(_) => not_subscribed(),
        }
    }
}
