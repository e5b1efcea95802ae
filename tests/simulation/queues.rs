//! Who is subscribed to what, as the template says it.

use super::callbacks::PLAN;
use events::{Envelope, Event, OrdersEvent, Service};

/// The queues that are subscribed to something, each named as its consumer.
pub(super) const QUEUES: [&str; 7] =
    ["copy-prices", "track-order", "take-payment", "allocate-stock", "ship-order", "notify-customer", PLAN];

/// Whether the queue's subscription lets this event through: the filter policies of the template, a second time.
///
/// # Panics
/// On an envelope of no service of ours.
pub fn is_subscribed(queue: &str, envelope: &Envelope) -> bool {
    let service = envelope.service().expect("an event of ours");
    let one_of = |types: &[&str]| types.contains(&envelope.event_type.as_str());
    match (queue, service) {
        ("copy-prices", Service::Catalog) => one_of(&["ProductChanged"]),
        ("track-order", Service::Payments | Service::Inventory | Service::Shipping) => true,
        ("take-payment", Service::Orders) => one_of(&["OrderPlaced", "OrderExpired"]),
        ("take-payment", Service::Payments) => one_of(&[
            "PaymentRequested",
            "PaymentCancellationRequested",
            "RefundRequested",
            "RefundFailed",
            "PaymentDisputed",
        ]),
        ("take-payment", Service::Shipping) => {
            one_of(&["ShippingFailed", "ShipmentCancelled", "ReturnReceived"])
        }
        ("allocate-stock", Service::Payments) => one_of(&["OrderPaid"]),
        ("allocate-stock", Service::Shipping) => {
            one_of(&["Shipped", "ShippingFailed", "ShipmentCancelled", "ReturnReceived"])
        }
        ("ship-order", Service::Orders) => one_of(&["OrderPlaced", "OrderCancellationRequested"]),
        ("ship-order", Service::Inventory) => one_of(&["InventoryUpdated"]),
        ("ship-order", Service::Shipping) => one_of(&[
            "ShipmentRequested",
            "ShipmentCancelled",
            "ShippingFailed",
            "LabelPurchased",
            "LabelVoidRequested",
        ]),
        ("notify-customer", Service::Orders) => one_of(&["OrderPlaced"]) || is_ended_update(envelope),
        ("notify-customer", Service::Payments) => {
            one_of(&["OrderPaid", "PaymentFailed", "PaymentActionRequired", "PaymentRefunded"])
        }
        ("take-payment" | "notify-customer", Service::Inventory) => one_of(&["OutOfStock"]),
        ("notify-customer", Service::Shipping) => one_of(&["Shipped", "ShippingFailed", "Delivered"]),
        (PLAN, Service::Orders) => one_of(&["OrderPlaced", "OrderUpdated"]),
        _ => false,
    }
}

fn is_ended_update(envelope: &Envelope) -> bool {
    match Event::read(envelope).expect("an event of ours") {
        Event::Orders(OrdersEvent::OrderUpdated(updated)) => {
            ["cancelled", "expired"].contains(&updated.status.as_str())
        }
        Event::Orders(_)
        | Event::Catalog(_)
        | Event::Payments(_)
        | Event::Inventory(_)
        | Event::Shipping(_) => false,
    }
}
