//! The occasions on which a customer hears from the shop, and the events that they come of.

use events::{
    Amount, CatalogEvent, Envelope, Event, InventoryEvent, OrderPlaced, OrderStatus, OrderUpdated,
    OrdersEvent, PaymentsEvent, ShippingEvent,
};
use resilience::Failure;
use runtime::queue::not_subscribed;

/// Something that a customer wants to hear, with the facts that the text needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion<'a> {
    Paid,
    PaymentFailed,
    PaymentActionRequired,
    Refunded { amount: Amount },
    OutOfStock,
    Shipped { carrier: &'a str, tracking_code: &'a str },
    ShippingFailed,
    Delivered,
    Cancelled,
    Expired,
}

impl Occasion<'_> {
    /// Whether it can only come after `OrderPaid`. Text messages go out on these alone: else anybody could make
    /// the shop pay for messages to numbers of their choice by placing orders that they never pay. A refund may be
    /// of a late capture, without `OrderPaid`.
    pub(crate) const fn follows_payment(self) -> bool {
        match self {
            Self::Paid | Self::OutOfStock | Self::Shipped { .. } | Self::ShippingFailed | Self::Delivered => {
                true
            }
            Self::PaymentFailed
            | Self::PaymentActionRequired
            | Self::Refunded { .. }
            | Self::Cancelled
            | Self::Expired => false,
        }
    }

    /// What tells this occasion from all others of its order. A status is reached once and told by many events;
    /// anything else is told by one event.
    pub(crate) fn key(self, envelope: &Envelope) -> &str {
        match self {
            Self::Cancelled => OrderStatus::Cancelled.as_str(),
            Self::Expired => OrderStatus::Expired.as_str(),
            Self::Paid
            | Self::PaymentFailed
            | Self::PaymentActionRequired
            | Self::Refunded { .. }
            | Self::OutOfStock
            | Self::Shipped { .. }
            | Self::ShippingFailed
            | Self::Delivered => envelope.id.as_str(),
        }
    }
}

/// What an event is to this service.
pub(crate) enum Reaction<'a> {
    KeepContact(&'a OrderPlaced),
    Notify(Occasion<'a>),
    Ignore,
}

/// What `event` is to this service; a rejection where it is nothing that was subscribed to.
pub(crate) fn reaction_to(event: &Event) -> Result<Reaction<'_>, Failure> {
    Ok(Reaction::Notify(match event {
        Event::Orders(OrdersEvent::OrderPlaced(placed)) => return Ok(Reaction::KeepContact(placed)),
        Event::Orders(OrdersEvent::OrderUpdated(updated)) => return Ok(of_status(updated)),
        Event::Payments(PaymentsEvent::OrderPaid(_)) => Occasion::Paid,
        Event::Payments(PaymentsEvent::PaymentFailed(_)) => Occasion::PaymentFailed,
        Event::Payments(PaymentsEvent::PaymentActionRequired(_)) => Occasion::PaymentActionRequired,
        // A refund of nothing keeps the ledger whole; to the customer it is nothing.
        Event::Payments(PaymentsEvent::PaymentRefunded(refunded)) if refunded.amount.is_zero() => {
            return Ok(Reaction::Ignore);
        }
        Event::Payments(PaymentsEvent::PaymentRefunded(refunded)) => {
            Occasion::Refunded { amount: refunded.amount }
        }
        Event::Inventory(InventoryEvent::OutOfStock(_)) => Occasion::OutOfStock,
        Event::Shipping(ShippingEvent::Shipped(shipped)) => {
            Occasion::Shipped { carrier: &shipped.carrier, tracking_code: &shipped.tracking_code }
        }
        Event::Shipping(ShippingEvent::ShippingFailed(_)) => Occasion::ShippingFailed,
        Event::Shipping(ShippingEvent::Delivered(_)) => Occasion::Delivered,
        Event::Catalog(CatalogEvent::ProductChanged(_))
        | Event::Orders(OrdersEvent::OrderCancellationRequested(_) | OrdersEvent::OrderExpired(_))
        | Event::Payments(
            PaymentsEvent::PaymentRequested(_)
            | PaymentsEvent::PaymentCancellationRequested(_)
            | PaymentsEvent::PaymentCancelled(_)
            | PaymentsEvent::RefundRequested(_)
            | PaymentsEvent::RefundFailed(_)
            | PaymentsEvent::PaymentDisputed(_),
        )
        | Event::Inventory(
            InventoryEvent::InventoryUpdated(_)
            | InventoryEvent::StockReleased(_)
            | InventoryEvent::StockCommitted(_)
            | InventoryEvent::StockReturned(_),
        )
        | Event::Shipping(
            ShippingEvent::ShipmentRequested(_)
            | ShippingEvent::LabelPurchased(_)
            | ShippingEvent::ShipmentCancelled(_)
            | ShippingEvent::CancellationRejected(_)
            | ShippingEvent::LabelVoided(_)
            | ShippingEvent::LabelVoidFailed(_)
            | ShippingEvent::LabelVoidRequested(_)
            | ShippingEvent::ShipmentTracked(_)
            | ShippingEvent::ReturnedToSender(_)
            | ShippingEvent::ReturnReceived(_),
        ) => return Err(not_subscribed(event)),
    }))
}

/// The other statuses have an event of their own that tells them, with more to say.
fn of_status(updated: &OrderUpdated) -> Reaction<'static> {
    match updated.status {
        OrderStatus::Cancelled => Reaction::Notify(Occasion::Cancelled),
        OrderStatus::Expired => Reaction::Notify(Occasion::Expired),
        OrderStatus::Placed
        | OrderStatus::PaymentActionRequired
        | OrderStatus::Paid
        | OrderStatus::Allocated
        | OrderStatus::Shipped
        | OrderStatus::Delivered
        | OrderStatus::Returned
        | OrderStatus::PaymentFailed
        | OrderStatus::OutOfStock
        | OrderStatus::ShippingFailed
        | OrderStatus::Cancelling => Reaction::Ignore,
    }
}
