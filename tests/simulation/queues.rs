//! Who is subscribed to what, as the template says it, and which records a stream's reader gets.

use super::callbacks::PLAN;
use event_store::Written;
use events::{Envelope, Event, OrdersEvent, Service};
use runtime::stream::{Item, Record};

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

/// The filters of the template's stream sources.
pub(super) fn passes(source: &str, item: &Written) -> bool {
    match (source, item) {
        ("publish-events" | "project-orders", Written::Event(_)) => true,
        ("apply-stripe-event", Written::Event(envelope)) => envelope.event_type == "PaymentRequested",
        ("apply-carrier-event", Written::Event(envelope)) => {
            ["LabelPurchased", "Shipped"].contains(&envelope.event_type.as_str())
        }
        ("apply-stripe-event" | "apply-carrier-event", Written::Document(key, _)) => {
            key.sk == "inbox" || key.sk.starts_with("replay#")
        }
        _ => false,
    }
}

/// A new item as its stream carries it.
pub(super) fn record(item: Written) -> Record {
    match item {
        Written::Event(envelope) => testkit::record(&envelope),
        Written::Document(key, document) => Record { key, item: Item::Document(document) },
    }
}
