//! The events that other services publish about the first order, and their messages.

use events::{
    Amount, Delivered, DisputeOutcome, InventoryEvent, InventoryUpdated, LabelPurchased, LabelVoided,
    OrderPaid, PaymentDisputed, PaymentRefunded, PaymentRequested, PaymentsEvent, Provider, RefundCause,
    RefundFailed, RefundId, RefundRequested, ServiceEvent, ShipmentCancelled, ShipmentRequested, Shipped,
    ShippingEvent, StockReleased, TrackingCorrected,
};
use runtime::queue::Message;
use testkit::{customer, eur, lines, now, order_id};

/// The message of an event about the first order, at this place of its service's stream.
pub(crate) fn publish<E: ServiceEvent>(sequence: u32, event: impl Into<E>) -> Message {
    testkit::message(&order_id(1), sequence, &event.into())
}

/// An operator corrects the code of the dispatch, T1.
pub(crate) fn corrected_to(code: &str) -> TrackingCorrected {
    TrackingCorrected {
        carrier: "DHL".to_owned(),
        tracking_code: code.to_owned(),
        previous_carrier: "DHL".to_owned(),
        previous_tracking_code: "T1".to_owned(),
        corrected_by: customer(),
    }
}

pub(crate) fn order_paid() -> OrderPaid {
    OrderPaid {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        reference: None,
    }
}

fn refund_id(id: &str) -> RefundId {
    RefundId::try_from(id).unwrap()
}

/// The request of a refund of everything.
pub(crate) fn refund(id: &str, cause: RefundCause) -> RefundRequested {
    RefundRequested {
        refund_id: refund_id(id),
        cause,
        amount: Amount::minor(1900),
        captured: None,
        reference: None,
        instead_of: None,
        reason: None,
    }
}

/// The same, in the place of a failed refund.
pub(crate) fn replacement(id: &str, failed: &str, cause: RefundCause) -> RefundRequested {
    RefundRequested { instead_of: Some(refund_id(failed)), ..refund(id, cause) }
}

pub(crate) fn refunded(id: &str) -> PaymentRefunded {
    PaymentRefunded {
        refund_id: refund_id(id),
        provider_refund_id: None,
        amount: Amount::minor(1900),
        foreign_in_full: false,
    }
}

/// The refund failed after it had been made, and is not retried.
pub(crate) fn refund_failed(id: &str) -> RefundFailed {
    RefundFailed {
        refund_id: refund_id(id),
        amount: Amount::minor(1900),
        code: "lost_card".to_owned(),
        refused: false,
        again: false,
    }
}

pub(crate) fn disputed(outcome: DisputeOutcome) -> PaymentDisputed {
    PaymentDisputed {
        dispute_id: "dp_1".to_owned(),
        outcome,
        amount: Amount::minor(1900),
        inquiry: false,
        evidence_due_by: None,
    }
}

pub(crate) fn shipped() -> Shipped {
    Shipped { carrier: "DHL".to_owned(), tracking_code: "T1".to_owned() }
}

pub(crate) fn payment_requested() -> PaymentRequested {
    PaymentRequested {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        customer: customer(),
        pay_by: now(),
        confirm: events::Confirm::Server,
    }
}

fn shipment_requested() -> ShipmentRequested {
    ShipmentRequested { provider: Provider::Warehouse, shipment_id: None, lines: lines() }
}

fn label_purchased() -> LabelPurchased {
    LabelPurchased {
        carrier: "DHL".to_owned(),
        tracking_code: "T1".to_owned(),
        label_url: "https://l".to_owned(),
    }
}

/// Every message about an order that is paid and delivered.
pub(crate) fn delivered_order() -> Vec<Message> {
    vec![
        publish::<PaymentsEvent>(1, payment_requested()),
        publish::<PaymentsEvent>(2, order_paid()),
        publish::<InventoryEvent>(1, InventoryUpdated::unsharded(lines())),
        publish::<ShippingEvent>(1, shipment_requested()),
        publish::<ShippingEvent>(2, shipped()),
        publish::<ShippingEvent>(3, Delivered {}),
    ]
}

/// Every message about an order that is cancelled after its label was purchased; the cancellation is the fifth.
pub(crate) fn cancelled_order() -> Vec<Message> {
    vec![
        publish::<PaymentsEvent>(1, payment_requested()),
        publish::<PaymentsEvent>(2, order_paid()),
        publish::<InventoryEvent>(1, InventoryUpdated::unsharded(lines())),
        publish::<ShippingEvent>(1, label_purchased()),
        publish::<ShippingEvent>(2, ShipmentCancelled {}),
        publish::<InventoryEvent>(2, StockReleased { lines: lines() }),
        publish::<PaymentsEvent>(3, refund("r1", RefundCause::Cancelled)),
        publish::<PaymentsEvent>(4, refunded("r1")),
        publish::<ShippingEvent>(3, LabelVoided {}),
    ]
}
