//! One event as the explanation shows it, with a detail that names no address and quotes no free text but what the order's
//! timeline shows already. Pure.

use events::{
    Actor, CatalogEvent, Envelope, Event, EventId, InventoryEvent, Line, OrdersEvent, PaymentsEvent,
    Sequence, ShippingEvent, offline_sender,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// An event of the explanation.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    id: &'a EventId,
    /// The service that emitted it.
    service: &'a str,
    r#type: &'a str,
    time: Timestamp,
    /// Its place in the service's stream of the order.
    sequence: Sequence,
    /// The event, request, webhook or schedule that caused it.
    cause: &'a EventId,
    /// The person who caused it, by the subject of their token.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Actor>,
    detail: Value,
}

impl<'a> Entry<'a> {
    /// `event` is what this build can read of the envelope.
    pub(super) fn of(envelope: &'a Envelope, event: Option<&Event>) -> Self {
        let unreadable = || json!({"unreadable": "a newer build wrote it"});
        let mut detail = event.map_or_else(unreadable, detail);
        if let Some(fields) = detail.as_object_mut() {
            fields.retain(|_, value| !value.is_null() && *value != json!(false) && *value != json!([]));
        }
        Self {
            id: &envelope.id,
            service: envelope.source.strip_prefix("conveyor/").unwrap_or(&envelope.source),
            r#type: &envelope.event_type,
            time: envelope.time,
            sequence: envelope.sequence,
            cause: &envelope.causationid,
            actor: envelope.actor.clone().or_else(|| event.and_then(named_actor)),
            detail,
        }
    }
}

/// The person that the event's data names.
fn named_actor(event: &Event) -> Option<Actor> {
    let person = match event {
        Event::Orders(OrdersEvent::OrderPlaced(placed)) => &placed.customer,
        Event::Shipping(ShippingEvent::TrackingCorrected(corrected)) => &corrected.corrected_by,
        Event::Shipping(ShippingEvent::ShipmentReleased(released)) => &released.released_by,
        Event::Shipping(ShippingEvent::StrayParcelSettled(settled)) => &settled.settled_by,
        Event::Orders(OrdersEvent::CustomerErasureRequested(asked)) => asked.requested_by.as_ref()?,
        Event::Catalog(_)
        | Event::Orders(_)
        | Event::Payments(_)
        | Event::Inventory(_)
        | Event::Shipping(_) => return None,
    };
    Actor::try_from(person.subject.as_str()).ok()
}

fn detail(event: &Event) -> Value {
    match event {
        // Of no order.
        Event::Catalog(CatalogEvent::ProductChanged(_)) => json!({}),
        Event::Orders(event) => order_detail(event),
        Event::Payments(event) => payment_detail(event),
        Event::Inventory(event) => stock_detail(event),
        Event::Shipping(event) => parcel_detail(event),
    }
}

fn order_detail(event: &OrdersEvent) -> Value {
    match event {
        OrdersEvent::OrderPlaced(e) => json!({
            "items": e.lines.iter().map(|line| json!({"sku": line.sku, "quantity": line.quantity})).collect::<Vec<_>>(),
            "total": e.total, "currency": e.currency, "pay_by": e.pay_by, "paid_through": offline_sender(&e.payment_method),
        }),
        OrdersEvent::OrderCancellationRequested(e) => {
            json!({"requested_by": e.requested_by, "reason": e.reason})
        }
        OrdersEvent::OrderExpired(e) => json!({"pay_by": e.pay_by}),
        // The cause is an event of its own, with the details of the fact.
        OrdersEvent::OrderUpdated(e) => {
            json!({"because": e.because, "status": e.status, "attention": e.attention, "quiet": e.quiet})
        }
        OrdersEvent::CustomerErasureRequested(e) => json!({"because": e.because}),
        OrdersEvent::OrderDataErased(_) => json!({}),
    }
}

fn payment_detail(event: &PaymentsEvent) -> Value {
    match event {
        PaymentsEvent::PaymentRequested(e) => {
            json!({"intent_id": e.intent_id, "amount": e.amount, "currency": e.currency, "pay_by": e.pay_by})
        }
        PaymentsEvent::PaymentActionRequired(e) => json!({"intent_id": e.intent_id}),
        PaymentsEvent::OrderPaid(e) => {
            json!({"intent_id": e.intent_id, "amount": e.amount, "currency": e.currency})
        }
        PaymentsEvent::PaymentFailed(e) => json!({"code": e.code}),
        PaymentsEvent::PaymentCancellationRequested(e) => json!({"cause": e.cause, "code": e.code}),
        PaymentsEvent::PaymentCancelled(e) => json!({"cause": e.cause}),
        PaymentsEvent::RefundRequested(e) => json!({
            "refund_id": e.refund_id, "cause": e.cause, "amount": e.amount, "captured": e.captured,
            "instead_of": e.instead_of,
        }),
        PaymentsEvent::PaymentRefunded(e) => json!({
            "refund_id": e.refund_id, "amount": e.amount, "provider_refund_id": e.provider_refund_id,
            "foreign_in_full": e.foreign_in_full,
        }),
        PaymentsEvent::RefundFailed(e) => json!({
            "refund_id": e.refund_id, "amount": e.amount, "code": e.code, "refused": e.refused, "again": e.again,
        }),
        PaymentsEvent::PaymentDisputed(e) => json!({
            "dispute_id": e.dispute_id, "outcome": e.outcome, "amount": e.amount, "inquiry": e.inquiry,
            "evidence_due_by": e.evidence_due_by,
        }),
        PaymentsEvent::PaymentDataErased(_) => json!({}),
    }
}

fn stock_detail(event: &InventoryEvent) -> Value {
    let pieces = |lines: &[Line]| {
        let piece = |line: &Line| json!({"sku": line.sku, "quantity": line.quantity});
        json!({"items": lines.iter().map(piece).collect::<Vec<_>>()})
    };
    match event {
        InventoryEvent::InventoryUpdated(e) => pieces(&e.lines),
        InventoryEvent::OutOfStock(e) => json!({"missing": e.missing}),
        InventoryEvent::StockReleased(e) => pieces(&e.lines),
        InventoryEvent::StockCommitted(e) => pieces(&e.lines),
        InventoryEvent::StockReturned(e) => pieces(&e.lines),
    }
}

fn parcel_detail(event: &ShippingEvent) -> Value {
    match event {
        ShippingEvent::ShipmentRequested(e) => json!({"provider": e.provider}),
        ShippingEvent::LabelPurchased(e) => json!({"carrier": e.carrier, "tracking_code": e.tracking_code}),
        ShippingEvent::Shipped(e) => json!({"carrier": e.carrier, "tracking_code": e.tracking_code}),
        ShippingEvent::ShippingFailed(e) => json!({"reason": e.reason}),
        ShippingEvent::CancellationRejected(e) => json!({"because": e.because}),
        ShippingEvent::LabelVoidFailed(e) => json!({"reason": e.reason}),
        ShippingEvent::ShipmentTracked(e) => json!({
            "status": e.status, "occurred_at": e.occurred_at, "after_cancellation": e.after_cancellation,
        }),
        ShippingEvent::ReturnReceived(e) => json!({"restock": e.restock}),
        ShippingEvent::TrackingCorrected(e) => json!({
            "carrier": e.carrier, "tracking_code": e.tracking_code, "previous_carrier": e.previous_carrier,
            "previous_tracking_code": e.previous_tracking_code,
        }),
        ShippingEvent::ShipmentHeld(e) => json!({"refund_id": e.refund_id}),
        ShippingEvent::StrayParcelSettled(e) => json!({"outcome": e.outcome}),
        ShippingEvent::ShipmentCancelled(_)
        | ShippingEvent::LabelVoided(_)
        | ShippingEvent::LabelVoidRequested(_)
        | ShippingEvent::Delivered(_)
        | ShippingEvent::ReturnedToSender(_)
        | ShippingEvent::ShipmentReleased(_)
        | ShippingEvent::ShipmentDataErased(_) => json!({}),
    }
}

#[cfg(test)]
mod tests;
