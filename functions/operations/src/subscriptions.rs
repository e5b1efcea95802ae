//! Which queue function gets which events: the filters of the template as data. A test of `tests/steps` compares them with the
//! template.

use events::{Envelope, Service};

/// A queue, named as its function, its topic, and the event types that its filter policy passes; `None` passes all.
pub type Subscription = (&'static str, Service, Option<&'static [&'static str]>);

/// The function that plans the calls to the shop's endpoints.
pub const PLAN_DELIVERIES: &str = "plan-deliveries";
/// The function that notifies customers.
pub const NOTIFY_CUSTOMER: &str = "notify-customer";

/// The function that sends orders to the pages that follow them.
pub const PUSH_UPDATES: &str = "push-updates";

/// The event by which every service erases its personal data of an order. It is taken at any age.
pub const ERASURE: &str = "CustomerErasureRequested";

/// Every subscription of the template.
pub const SUBSCRIPTIONS: &[Subscription] = &[
    ("copy-prices", Service::Catalog, Some(&["ProductChanged"])),
    ("track-order", Service::Payments, None),
    ("track-order", Service::Inventory, None),
    ("track-order", Service::Shipping, None),
    ("take-payment", Service::Orders, Some(&["OrderPlaced", "OrderExpired", ERASURE])),
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
    ("ship-order", Service::Orders, Some(&["OrderPlaced", "OrderCancellationRequested", ERASURE])),
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
    (NOTIFY_CUSTOMER, Service::Orders, Some(&["OrderPlaced", "OrderUpdated", ERASURE])),
    (NOTIFY_CUSTOMER, Service::Payments, Some(&["OrderPaid", "PaymentRefunded"])),
    (NOTIFY_CUSTOMER, Service::Inventory, Some(&["OutOfStock"])),
    (NOTIFY_CUSTOMER, Service::Shipping, Some(&["Shipped", "ShippingFailed", "Delivered"])),
    (PLAN_DELIVERIES, Service::Orders, Some(&["OrderPlaced", "OrderUpdated", ERASURE])),
    (PUSH_UPDATES, Service::Orders, None),
];

/// The status of the `OrderUpdated` events that `notify-customer` receives: no other event announces this end.
pub const NOTIFIED_STATUSES: [&str; 1] = ["cancelled"];

/// Whether a subscription of the queue passes this event. None passes an event of an unknown service.
pub fn is_subscribed(queue: &str, envelope: &Envelope) -> bool {
    let Ok(service) = envelope.service() else { return false };
    let passes =
        |types: Option<&[&str]>| types.is_none_or(|types| types.contains(&envelope.event_type.as_str()));
    let is_subscribed = SUBSCRIPTIONS
        .iter()
        .any(|(name, topic, types)| *name == queue && *topic == service && passes(*types));
    is_subscribed && (queue != NOTIFY_CUSTOMER || has_notified_status(envelope))
}

/// Only `OrderUpdated` is published with its status (`publish-events`). An event without one passes.
fn has_notified_status(envelope: &Envelope) -> bool {
    envelope.event_type != "OrderUpdated"
        || envelope.data["status"].as_str().is_some_and(|status| NOTIFIED_STATUSES.contains(&status))
}
