//! `track-order`: records every event of payments, inventory and shipping as a fact of the order.
//!
//! - Trigger: all events of payments, inventory and shipping, over SQS.
//! - Effect and event: one `OrderUpdated` for each distinct event, with the event's type as `because`. The `facts` module lists
//!   them all.
//! - Idempotent by the id of the causing event, which the stream records.
//! - Retry when the table is unavailable. Reject an order that was never placed.

use crate::{Order, attention, measures};
use async_trait::async_trait;
use event_store::{Decided, EventStore, StreamId, append_decided};
use events::{Because, Detail, Event, InventoryEvent, OrderId, PaymentsEvent, ShippingEvent};
use jiff::Timestamp;
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message, ignored};
use std::sync::{Arc, Mutex, PoisonError};

/// The step.
pub struct TrackOrder {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Consumer for TrackOrder {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let Some((because, detail)) = fact(&message.event, message.envelope.time) else {
            return ignored(&message.event);
        };
        let order = OrderId::try_from(message.envelope.subject.as_str()).map_err(Failure::reject)?;
        let cause = &message.envelope.id;
        // Every run of `decide` overwrites it. Afterwards it holds the status before the fact that was recorded.
        let before = Mutex::new(None);
        let decided = append_decided(
            &*self.store,
            &StreamId::order(&order),
            &message.envelope.as_cause(),
            &*self.clock,
            |order: &Order| {
                if order.placed().is_none() {
                    return Err(Failure::reject("no such order exists; the event belongs to another stack"));
                }
                *before.lock().unwrap_or_else(PoisonError::into_inner) = Some(order.status());
                Ok(order.decide_update(because, &detail, cause))
            },
        )
        .await?;
        let before = before.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let (Decided::Appended(history), Some(before)) = (&decided, before) {
            measures::report(&history.state, before, because, &detail, message.envelope.time);
        }
        // Also for a duplicate: the process that recorded the fact may have stopped before this line.
        attention::report(&order, &decided.history().state.raised_by(cause));
        Ok(())
    }
}

/// The fact that an event reports, and its details for the timeline. `recorded_at` is when its service recorded it.
fn fact(event: &Event, recorded_at: Timestamp) -> Option<(Because, Detail)> {
    match event {
        Event::Payments(event) => Some(payment_fact(event)),
        Event::Inventory(event) => Some(stock_fact(event)),
        Event::Shipping(event) => Some(shipping_fact(event, recorded_at)),
        Event::Orders(_) | Event::Catalog(_) => None,
    }
}

fn payment_fact(event: &PaymentsEvent) -> (Because, Detail) {
    let nothing = Detail::default();
    match event {
        PaymentsEvent::PaymentRequested(e) => {
            (Because::PaymentRequested, Detail { amount: Some(e.amount), ..nothing })
        }
        PaymentsEvent::PaymentActionRequired(_) => (Because::PaymentActionRequired, nothing),
        PaymentsEvent::OrderPaid(e) => (Because::OrderPaid, Detail { amount: Some(e.amount), ..nothing }),
        PaymentsEvent::PaymentFailed(e) => {
            (Because::PaymentFailed, Detail { code: Some(e.code.clone()), ..nothing })
        }
        PaymentsEvent::PaymentCancellationRequested(e) => (
            Because::PaymentCancellationRequested,
            Detail { cancel_cause: Some(e.cause), code: e.code.clone(), ..nothing },
        ),
        PaymentsEvent::PaymentCancelled(e) => {
            (Because::PaymentCancelled, Detail { cancel_cause: Some(e.cause), ..nothing })
        }
        PaymentsEvent::RefundRequested(e) => (
            Because::RefundRequested,
            Detail {
                amount: Some(e.amount),
                captured: e.captured,
                refund_id: Some(e.refund_id.clone()),
                refund_cause: Some(e.cause),
                instead_of: e.instead_of.clone(),
                ..nothing
            },
        ),
        PaymentsEvent::PaymentRefunded(e) => (
            Because::PaymentRefunded,
            Detail { amount: Some(e.amount), refund_id: Some(e.refund_id.clone()), ..nothing },
        ),
        PaymentsEvent::RefundFailed(e) => (
            Because::RefundFailed,
            Detail {
                amount: Some(e.amount),
                refund_id: Some(e.refund_id.clone()),
                code: Some(e.code.clone()),
                refused: e.refused,
                again: e.again,
                ..nothing
            },
        ),
        PaymentsEvent::PaymentDisputed(e) => (
            Because::PaymentDisputed,
            Detail {
                amount: Some(e.amount),
                dispute: Some(e.outcome),
                dispute_id: Some(e.dispute_id.clone()),
                inquiry: e.inquiry,
                evidence_due_by: e.evidence_due_by,
                ..nothing
            },
        ),
        PaymentsEvent::PaymentDataErased(_) => (Because::PaymentDataErased, nothing),
    }
}

fn stock_fact(event: &InventoryEvent) -> (Because, Detail) {
    match event {
        InventoryEvent::InventoryUpdated(_) => (Because::InventoryUpdated, Detail::default()),
        InventoryEvent::OutOfStock(e) => {
            (Because::OutOfStock, Detail { missing: e.missing.clone(), ..Detail::default() })
        }
        InventoryEvent::StockReleased(_) => (Because::StockReleased, Detail::default()),
        InventoryEvent::StockCommitted(_) => (Because::StockCommitted, Detail::default()),
        InventoryEvent::StockReturned(_) => (Because::StockReturned, Detail::default()),
    }
}

fn shipping_fact(event: &ShippingEvent, recorded_at: Timestamp) -> (Because, Detail) {
    let nothing = Detail::default();
    let carried_by = |carrier: &String, code: &String| Detail {
        carrier: Some(carrier.clone()),
        tracking_code: Some(code.clone()),
        ..Detail::default()
    };
    match event {
        ShippingEvent::ShipmentRequested(e) => {
            (Because::ShipmentRequested, Detail { provider: Some(e.provider), ..nothing })
        }
        ShippingEvent::LabelPurchased(e) => {
            (Because::LabelPurchased, carried_by(&e.carrier, &e.tracking_code))
        }
        ShippingEvent::Shipped(e) => (Because::Shipped, carried_by(&e.carrier, &e.tracking_code)),
        ShippingEvent::ShippingFailed(e) => {
            (Because::ShippingFailed, Detail { reason: Some(e.reason.clone()), ..nothing })
        }
        ShippingEvent::ShipmentCancelled(_) => (Because::ShipmentCancelled, nothing),
        ShippingEvent::CancellationRejected(_) => (Because::CancellationRejected, nothing),
        ShippingEvent::LabelVoided(_) => (Because::LabelVoided, nothing),
        ShippingEvent::LabelVoidRequested(_) => (Because::LabelVoidRequested, nothing),
        ShippingEvent::LabelVoidFailed(e) => {
            (Because::LabelVoidFailed, Detail { reason: Some(e.reason.clone()), ..nothing })
        }
        ShippingEvent::ShipmentTracked(e) => (
            Because::ShipmentTracked,
            Detail {
                tracking: Some(e.status),
                reason: e.status_detail.clone(),
                after_cancellation: e.after_cancellation,
                occurred_at: e.occurred_at,
                ..nothing
            },
        ),
        ShippingEvent::Delivered(_) => {
            (Because::Delivered, Detail { occurred_at: Some(recorded_at), ..nothing })
        }
        ShippingEvent::ReturnedToSender(_) => {
            (Because::ReturnedToSender, Detail { occurred_at: Some(recorded_at), ..nothing })
        }
        ShippingEvent::ReturnReceived(_) => (Because::ReturnReceived, nothing),
        ShippingEvent::TrackingCorrected(e) => {
            (Because::TrackingCorrected, carried_by(&e.carrier, &e.tracking_code))
        }
        ShippingEvent::ShipmentHeld(e) => {
            (Because::ShipmentHeld, Detail { refund_id: Some(e.refund_id.clone()), ..nothing })
        }
        ShippingEvent::ShipmentReleased(_) => (Because::ShipmentReleased, nothing),
        ShippingEvent::StrayParcelSettled(_) => (Because::StrayParcelSettled, nothing),
        ShippingEvent::ShipmentDataErased(_) => (Because::ShipmentDataErased, nothing),
    }
}

#[cfg(test)]
mod tests;
