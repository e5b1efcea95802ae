//! The occasions on which a customer gets a message, and the events that lead to them.

use events::{
    Amount, CatalogEvent, Envelope, Event, InventoryEvent, OrderPlaced, OrderStatus, OrderUpdated,
    OrdersEvent, PaymentsEvent, ShippingEvent,
};
use resilience::Failure;
use runtime::queue::ignored;

/// A reason to notify the customer, with the facts that the text needs.
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
    /// Whether it can only follow `OrderPaid`. Text messages are sent on these occasions only. Otherwise anyone could make
    /// the shop pay for messages to any number, by orders that are never paid. A refund may be of a late capture, without
    /// `OrderPaid`.
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

    /// The key of this occasion within its order. An order reaches a status once, but many events report it. Any other
    /// occasion has exactly one event.
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

/// What this service does about an event.
pub(crate) enum Reaction<'a> {
    KeepContact(&'a OrderPlaced),
    Notify(Occasion<'a>),
    Ignore,
}

/// What to do about `event`: nothing about one that `notify-customer` does not handle.
pub(crate) fn reaction_to(event: &Event) -> Result<Reaction<'_>, Failure> {
    Ok(Reaction::Notify(match event {
        Event::Orders(OrdersEvent::OrderPlaced(placed)) => return Ok(Reaction::KeepContact(placed)),
        Event::Orders(OrdersEvent::OrderUpdated(updated)) => return Ok(of_status(updated)),
        Event::Payments(PaymentsEvent::OrderPaid(_)) => Occasion::Paid,
        Event::Payments(PaymentsEvent::PaymentFailed(_)) => Occasion::PaymentFailed,
        Event::Payments(PaymentsEvent::PaymentActionRequired(_)) => Occasion::PaymentActionRequired,
        // A refund of zero only completes the ledger; the customer gets no money.
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
            | ShippingEvent::ReturnReceived(_)
            | ShippingEvent::TrackingCorrected(_)
            | ShippingEvent::ShipmentHeld(_)
            | ShippingEvent::ShipmentReleased(_),
        ) => {
            ignored(event)?;
            return Ok(Reaction::Ignore);
        }
    }))
}

/// Every other status has an event of its own, with more facts.
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
