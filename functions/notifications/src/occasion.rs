//! The occasions on which a customer gets a message, and the events that lead to them.
//!
//! Every occasion follows a payment. An address is only what was typed at checkout, and it is not verified: mail to it before a
//! payment would let anyone make the shop write to any address, and its bounces would end the shop's right to send.

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
    Refunded {
        amount: Amount,
    },
    OutOfStock,
    Shipped {
        carrier: &'a str,
        tracking_code: &'a str,
    },
    ShippingFailed,
    Delivered,
    /// After it was paid.
    Cancelled,
}

impl Occasion<'_> {
    /// Whether it also leads to a text message, for which the shop pays: on the occasions that follow `OrderPaid`. A refund, or
    /// a cancellation, may follow a late capture, without `OrderPaid`.
    pub(crate) const fn is_for_text(self) -> bool {
        match self {
            Self::Paid | Self::OutOfStock | Self::Shipped { .. } | Self::ShippingFailed | Self::Delivered => {
                true
            }
            Self::Refunded { .. } | Self::Cancelled => false,
        }
    }

    /// The key of this occasion within its order. An order reaches a status once, but many events report it. Any other
    /// occasion has exactly one event.
    pub(crate) fn key(self, envelope: &Envelope) -> &str {
        match self {
            Self::Cancelled => OrderStatus::Cancelled.as_str(),
            Self::Paid
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
    EraseContact,
    Notify(Occasion<'a>),
    Ignore,
}

/// What to do about `event`: nothing about one that `notify-customer` does not handle.
pub(crate) fn reaction_to(event: &Event) -> Result<Reaction<'_>, Failure> {
    Ok(Reaction::Notify(match event {
        Event::Orders(OrdersEvent::OrderPlaced(placed)) => return Ok(Reaction::KeepContact(placed)),
        Event::Orders(OrdersEvent::CustomerErasureRequested(_)) => return Ok(Reaction::EraseContact),
        Event::Orders(OrdersEvent::OrderUpdated(updated)) => return Ok(of_status(updated)),
        Event::Payments(PaymentsEvent::OrderPaid(_)) => Occasion::Paid,
        // Nothing is paid yet. The subscription leaves them out, but a filter takes minutes to change.
        Event::Payments(PaymentsEvent::PaymentFailed(_) | PaymentsEvent::PaymentActionRequired(_)) => {
            return Ok(Reaction::Ignore);
        }
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
        | Event::Orders(
            OrdersEvent::OrderCancellationRequested(_)
            | OrdersEvent::OrderExpired(_)
            | OrdersEvent::OrderDataErased(_),
        )
        | Event::Payments(
            PaymentsEvent::PaymentRequested(_)
            | PaymentsEvent::PaymentCancellationRequested(_)
            | PaymentsEvent::PaymentCancelled(_)
            | PaymentsEvent::RefundRequested(_)
            | PaymentsEvent::RefundFailed(_)
            | PaymentsEvent::PaymentDisputed(_)
            | PaymentsEvent::PaymentDataErased(_),
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
            | ShippingEvent::ShipmentReleased(_)
            | ShippingEvent::StrayParcelSettled(_)
            | ShippingEvent::ShipmentDataErased(_),
        ) => {
            ignored(event)?;
            return Ok(Reaction::Ignore);
        }
    }))
}

/// Every other status has an event of its own, with more facts.
fn of_status(updated: &OrderUpdated) -> Reaction<'static> {
    match updated.status {
        OrderStatus::Cancelled if updated.paid => Reaction::Notify(Occasion::Cancelled),
        OrderStatus::Cancelled
        | OrderStatus::Expired
        | OrderStatus::Placed
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
