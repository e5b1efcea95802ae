//! `ship-order`: requests shipments, buys and voids labels, and decides cancellations.
//!
//! Trigger: one SQS message at a time. By event:
//! - `OrderPlaced`: stores the copy of the address, once. Emits nothing.
//! - `CustomerErasureRequested`: erases what shipping holds of the order's personal data → `ShipmentDataErased`, once.
//! - `InventoryUpdated`: creates the shipment at a carrier (this costs nothing, so one lost in a crash is ignored) and lists it
//!   as open → `ShipmentRequested`. An address that the carrier refuses → `ShippingFailed`. On a stream that has an
//!   event: nothing.
//! - `ShipmentRequested`: at a carrier, reads the shipment, buys its label unless it has one, maps the tracking code →
//!   `LabelPurchased`. No label for sale → `ShippingFailed`. Idempotent because it reads first, and because a carrier
//!   refuses a second purchase of one shipment.
//! - `LabelPurchased`, `ShipmentCancelled`, `ShippingFailed`, `LabelVoidRequested`: voids a label that is not used,
//!   unless the carrier says that it is void → `LabelVoided` or `LabelVoidFailed`. The last three leave the open list.
//! - `ShipmentReleased`: buys the label that the hold prevented, as after `ShipmentRequested`.
//! - `PaymentRefunded`: if it left nothing and no compensation explains it → `ShipmentHeld`, once a refund, unless the
//!   parcel has arrived or the shipment ended.
//! - `OrderCancellationRequested`: arbitrates → `ShipmentCancelled`, or once `CancellationRejected` (I4).
//!
//! Retry: the address copy is missing; the table or a secret is unavailable; the carrier's answer is unclear, it does not
//! admit us, or it offers no price yet. Reject: a request that the carrier refuses for a reason other than the customer's address.

mod erase;
mod label;
mod request_shipment;
#[cfg(test)]
mod tests;

use crate::carrier::Carriers;
use crate::{address, append, order_of};
use async_trait::async_trait;
use event_store::{Documents, EventStore, Redaction};
use events::{Event, InventoryEvent, OrdersEvent, PaymentsEvent, ShippingEvent};
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message, ignored};
use std::sync::Arc;

/// The step. See the module.
pub struct ShipOrder {
    /// The shipments' streams.
    pub store: Arc<dyn EventStore>,
    /// Redacts the events of an order that is erased.
    pub redaction: Arc<dyn Redaction>,
    /// Addresses, the map of codes, the list of open shipments, the counts of missing offers.
    pub documents: Arc<dyn Documents>,
    /// Sets the time of events.
    pub clock: Arc<dyn Clock>,
    /// Request shipments, sell labels and void them.
    pub carriers: Carriers,
}

#[async_trait]
impl Consumer for ShipOrder {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let order = order_of(&message.envelope)?;
        match &message.event {
            Event::Orders(event) => match event {
                OrdersEvent::OrderPlaced(placed) => {
                    Ok(address::store(&*self.documents, &order, placed).await?)
                }
                OrdersEvent::OrderCancellationRequested(_) => {
                    let cause = message.envelope.as_cause();
                    append(&*self.store, &*self.clock, &order, &cause, |shipment| {
                        shipment.decide_cancellation()
                    })
                    .await
                    .map(drop)
                }
                OrdersEvent::CustomerErasureRequested(request) => self.erase(&order, message, request).await,
                OrdersEvent::OrderExpired(_)
                | OrdersEvent::OrderUpdated(_)
                | OrdersEvent::OrderDataErased(_) => ignored(&message.event),
            },
            Event::Inventory(event) => match event {
                InventoryEvent::InventoryUpdated(allocated) => {
                    self.request(&order, message, &allocated.lines).await
                }
                InventoryEvent::OutOfStock(_)
                | InventoryEvent::StockReleased(_)
                | InventoryEvent::StockCommitted(_)
                | InventoryEvent::StockReturned(_) => ignored(&message.event),
            },
            Event::Shipping(event) => match event {
                ShippingEvent::ShipmentRequested(_) | ShippingEvent::ShipmentReleased(_) => {
                    self.buy_label(&order, message).await
                }
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
                | ShippingEvent::ReturnReceived(_)
                | ShippingEvent::TrackingCorrected(_)
                | ShippingEvent::ShipmentHeld(_)
                | ShippingEvent::StrayParcelSettled(_)
                | ShippingEvent::ShipmentDataErased(_) => ignored(&message.event),
            },
            Event::Payments(event) => match event {
                PaymentsEvent::PaymentRefunded(refunded) if refunded.foreign_in_full => {
                    let cause = message.envelope.as_cause();
                    append(&*self.store, &*self.clock, &order, &cause, |shipment| {
                        shipment.decide_hold(&refunded.refund_id)
                    })
                    .await
                    .map(drop)
                }
                PaymentsEvent::PaymentRefunded(_) => Ok(()),
                PaymentsEvent::PaymentRequested(_)
                | PaymentsEvent::PaymentActionRequired(_)
                | PaymentsEvent::OrderPaid(_)
                | PaymentsEvent::PaymentFailed(_)
                | PaymentsEvent::PaymentCancellationRequested(_)
                | PaymentsEvent::PaymentCancelled(_)
                | PaymentsEvent::RefundRequested(_)
                | PaymentsEvent::RefundFailed(_)
                | PaymentsEvent::PaymentDisputed(_)
                | PaymentsEvent::PaymentDataErased(_) => ignored(&message.event),
            },
            Event::Catalog(_) => ignored(&message.event),
        }
    }
}
