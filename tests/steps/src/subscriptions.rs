//! The events that each queue and each stream reader receives: the filters of the template as data. A test compares the
//! filter policies with the template.

use event_store::Written;
use events::{Envelope, Event, OrdersEvent, Service};

/// A queue, named as its function, its topic, and the event types that its filter policy passes; `None` passes all.
pub type Subscription = (&'static str, Service, Option<&'static [&'static str]>);

/// The queues that are subscribed to a topic, each named as its function.
pub const QUEUES: [&str; 7] = [
    "copy-prices",
    "track-order",
    "take-payment",
    "allocate-stock",
    "ship-order",
    "notify-customer",
    crate::PLAN_DELIVERIES,
];

/// Every subscription of the template.
pub const SUBSCRIPTIONS: &[Subscription] = &[
    ("copy-prices", Service::Catalog, Some(&["ProductChanged"])),
    ("track-order", Service::Payments, None),
    ("track-order", Service::Inventory, None),
    ("track-order", Service::Shipping, None),
    ("take-payment", Service::Orders, Some(&["OrderPlaced", "OrderExpired"])),
    (
        "take-payment",
        Service::Payments,
        Some(&[
            "PaymentRequested",
            "PaymentCancellationRequested",
            "RefundRequested",
            "RefundFailed",
            "PaymentDisputed",
        ]),
    ),
    ("take-payment", Service::Inventory, Some(&["OutOfStock"])),
    ("take-payment", Service::Shipping, Some(&["ShippingFailed", "ShipmentCancelled", "ReturnReceived"])),
    ("allocate-stock", Service::Payments, Some(&["OrderPaid"])),
    (
        "allocate-stock",
        Service::Shipping,
        Some(&["Shipped", "ShippingFailed", "ShipmentCancelled", "ReturnReceived"]),
    ),
    ("ship-order", Service::Orders, Some(&["OrderPlaced", "OrderCancellationRequested"])),
    ("ship-order", Service::Inventory, Some(&["InventoryUpdated"])),
    (
        "ship-order",
        Service::Shipping,
        Some(&[
            "ShipmentRequested",
            "ShipmentCancelled",
            "ShippingFailed",
            "LabelPurchased",
            "LabelVoidRequested",
            "ShipmentReleased",
        ]),
    ),
    ("ship-order", Service::Payments, Some(&["PaymentRefunded"])),
    ("notify-customer", Service::Orders, Some(&["OrderPlaced", "OrderUpdated"])),
    ("notify-customer", Service::Payments, Some(&["OrderPaid", "PaymentRefunded"])),
    ("notify-customer", Service::Inventory, Some(&["OutOfStock"])),
    ("notify-customer", Service::Shipping, Some(&["Shipped", "ShippingFailed", "Delivered"])),
    (crate::PLAN_DELIVERIES, Service::Orders, Some(&["OrderPlaced", "OrderUpdated"])),
];

/// The status of the `OrderUpdated` events that `notify-customer` receives: no other event announces this end.
pub const NOTIFIED_STATUSES: [&str; 1] = ["cancelled"];

/// Whether a subscription of the queue passes this event.
///
/// # Panics
/// On an envelope of an unknown service or event type.
pub fn is_subscribed(queue: &str, envelope: &Envelope) -> bool {
    let service = envelope.service().expect("an event of one of the services");
    let passes =
        |types: Option<&[&str]>| types.is_none_or(|types| types.contains(&envelope.event_type.as_str()));
    let is_subscribed = SUBSCRIPTIONS
        .iter()
        .any(|(name, topic, types)| *name == queue && *topic == service && passes(*types));
    is_subscribed && (queue != "notify-customer" || has_notified_status(envelope))
}

/// An event without a status passes: only `OrderUpdated` carries one.
fn has_notified_status(envelope: &Envelope) -> bool {
    match Event::read(envelope).expect("an event of one of the services") {
        Event::Orders(OrdersEvent::OrderUpdated(updated)) => {
            NOTIFIED_STATUSES.contains(&updated.status.as_str())
        }
        Event::Orders(_)
        | Event::Catalog(_)
        | Event::Payments(_)
        | Event::Inventory(_)
        | Event::Shipping(_) => true,
    }
}

/// Whether the event source of a stream's reader passes this item.
pub fn is_read(reader: &str, item: &Written) -> bool {
    match (reader, item) {
        (_, Written::Document(key, _)) if key.pk.starts_with(runtime::heartbeat::PREFIX) => true,
        ("publish-events" | "project-orders", Written::Event(_)) => true,
        ("apply-stripe-event" | "apply-carrier-event", Written::Event(envelope)) => {
            is_event_read(reader, envelope)
        }
        ("apply-stripe-event" | "apply-carrier-event", Written::Document(key, _)) => {
            key.sk == "inbox" || key.sk.starts_with("replay#")
        }
        _ => false,
    }
}

/// Whether one of the two readers of webhooks gets this event: it may have webhooks parked that wait for it.
pub fn is_event_read(reader: &str, envelope: &Envelope) -> bool {
    match reader {
        "apply-stripe-event" => envelope.event_type == "PaymentRequested",
        "apply-carrier-event" => {
            ["LabelPurchased", "Shipped", "TrackingCorrected"].contains(&envelope.event_type.as_str())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
