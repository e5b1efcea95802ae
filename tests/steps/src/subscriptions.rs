//! The events that each queue and each stream reader receives. The queues' filters are data of `operations`, which replays events
//! by them; a test here compares them with the template.

use event_store::Written;
use events::Envelope;

pub use operations::subscriptions::{
    NOTIFIED_STATUSES, PUSH_UPDATES, SUBSCRIPTIONS, Subscription, is_subscribed,
};

/// The queues that are subscribed to a topic, each named as its function.
pub const QUEUES: [&str; 8] = [
    "copy-prices",
    "track-order",
    "take-payment",
    "allocate-stock",
    "ship-order",
    "notify-customer",
    crate::PLAN_DELIVERIES,
    PUSH_UPDATES,
];

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
