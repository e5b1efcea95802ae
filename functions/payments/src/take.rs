//! `take-payment`: everything that payments reacts to.
//!
//! Trigger: the queue of orders' `OrderPlaced`, `OrderExpired` and `CustomerErasureRequested`; payments' own `PaymentRequested`,
//! `PaymentCancellationRequested`, `RefundRequested`, `RefundFailed` and `PaymentDisputed`; inventory's `OutOfStock`;
//! shipping's `ShippingFailed`, `ShipmentCancelled` and `ReturnReceived`.
//!
//! Effect: one event appended to the order's stream. Calls to the provider: for `OrderPlaced` an unconfirmed intent (no money
//! moves); for a request in the stream a confirmation (unless the customer's browser confirms), a cancellation or a refund; for an
//! expiry a read of the intent's state.
//! The map from the intent to its order is written before the event that names the intent.
//!
//! Emits: `PaymentRequested`, `PaymentFailed`, `OrderPaid`, `PaymentActionRequired`, `PaymentCancellationRequested`,
//! `PaymentCancelled`, `RefundRequested`, `PaymentRefunded`, `RefundFailed`, `PaymentDataErased`.
//!
//! Idempotent by the stream: a message whose effect is folded already does nothing. A call is idempotent by its key (event id
//! and attempt). A delivery after the first reads the state before it calls, and **every unclear answer is settled by reading
//! the state**. All deliveries of a refund use the same keys (see `take/refund.rs`): the provider accepts several partial
//! refunds, so another key could refund twice. The provider's objects are the last fence: an intent succeeds at most once, and a
//! refund is found again by the id of ours that it holds.
//!
//! Retry: the provider or the table gave no clear answer; the intent is being processed; it is too early to request a refund
//! again; the provider is out and was not called (nothing happened, so no state is read). Reject: money that does not match
//! what was requested, or that arrives offline for a payment that ended before it began; a call of ours that the provider
//! does not understand.

mod charge;
mod erase;
mod refund;
#[cfg(test)]
mod tests;

use crate::payment::Payment;
use crate::provider::IdempotencyKey;
use crate::provider::IntentId;
use crate::provider::stripe::Stripe;
use async_trait::async_trait;
use event_store::{Documents, EventStore, Redaction, StreamId, append_decided};
use events::{
    Event, InventoryEvent, OrderId, OrdersEvent, PaymentRequested, PaymentsEvent, RefundCause, ShippingEvent,
};
use resilience::{Clock, Failure};
use runtime::queue::{Consumer, Message, ignored};
use std::sync::Arc;
use std::time::Duration;

/// The step. See the module.
pub struct TakePayment {
    /// Payments' streams.
    pub store: Arc<dyn EventStore>,
    /// Redacts the events of an order that is erased.
    pub redaction: Arc<dyn Redaction>,
    /// The maps from intents to orders, and the inbox.
    pub documents: Arc<dyn Documents>,
    /// Dates events.
    pub clock: Arc<dyn Clock>,
    /// The provider of card payments.
    pub stripe: Stripe,
    /// The stack's name: several may share one account at the provider.
    pub stack: String,
    /// Whether returned goods are refunded automatically.
    pub refund_on_return: bool,
    /// How long after its first failure a refund is requested again; the wait before the third attempt is ten times that.
    pub refund_again_after: Duration,
}

/// A message and the order it is about.
struct Work<'a> {
    message: &'a Message,
    order: OrderId,
    stream: StreamId,
}

impl Work<'_> {
    /// Whether an earlier message of the event may have made calls.
    fn is_repeat(&self) -> bool {
        self.message.is_repeat()
    }

    /// The idempotency key of this delivery's call about the intent. Before a confirmation or cancellation, a later
    /// delivery reads the intent's state. Creating an intent needs no read: a second unconfirmed intent moves no money. Two
    /// deliveries that overlap act on one intent, which succeeds or ends once.
    fn key(&self, stack: &str) -> IdempotencyKey {
        IdempotencyKey::of(stack, &self.message.envelope.id, self.message.deliveries)
    }

    /// The recorded intent.
    fn intent(&self, terms: &PaymentRequested) -> Result<IntentId, Failure> {
        IntentId::recorded(&terms.intent_id, &self.stream)
    }
}

#[async_trait]
impl Consumer for TakePayment {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        let order = OrderId::try_from(message.envelope.subject.as_str()).map_err(Failure::reject)?;
        let work = Work { message, stream: StreamId::order(&order), order };
        match &message.event {
            Event::Orders(event) => match event {
                OrdersEvent::OrderPlaced(placed) => self.begin(&work, placed).await,
                OrdersEvent::OrderExpired(_) => self.expire(&work).await,
                OrdersEvent::CustomerErasureRequested(request) => self.erase(&work, request).await,
                OrdersEvent::OrderCancellationRequested(_)
                | OrdersEvent::OrderUpdated(_)
                | OrdersEvent::OrderDataErased(_) => ignored(&message.event),
            },
            Event::Payments(event) => match event {
                PaymentsEvent::PaymentRequested(_) => self.charge(&work).await,
                PaymentsEvent::PaymentCancellationRequested(_) => self.cancel(&work).await,
                PaymentsEvent::RefundRequested(request) => self.refund(&work, request).await,
                PaymentsEvent::RefundFailed(failed) => self.refund_again(&work, &failed.refund_id).await,
                PaymentsEvent::PaymentDisputed(disputed) => {
                    self.append(&work, |payment| payment.decide_after_dispute(&disputed.dispute_id)).await
                }
                PaymentsEvent::PaymentActionRequired(_)
                | PaymentsEvent::OrderPaid(_)
                | PaymentsEvent::PaymentFailed(_)
                | PaymentsEvent::PaymentCancelled(_)
                | PaymentsEvent::PaymentRefunded(_)
                | PaymentsEvent::PaymentDataErased(_) => ignored(&message.event),
            },
            Event::Inventory(event) => match event {
                InventoryEvent::OutOfStock(_) => self.compensate(&work, RefundCause::OutOfStock).await,
                InventoryEvent::InventoryUpdated(_)
                | InventoryEvent::StockReleased(_)
                | InventoryEvent::StockCommitted(_)
                | InventoryEvent::StockReturned(_) => ignored(&message.event),
            },
            Event::Shipping(event) => match event {
                ShippingEvent::ShippingFailed(_) => self.compensate(&work, RefundCause::ShippingFailed).await,
                ShippingEvent::ShipmentCancelled(_) => self.compensate(&work, RefundCause::Cancelled).await,
                ShippingEvent::ReturnReceived(_) if self.refund_on_return => {
                    self.append(&work, Payment::decide_returned).await
                }
                ShippingEvent::ReturnReceived(_) => Ok(()),
                ShippingEvent::ShipmentRequested(_)
                | ShippingEvent::LabelPurchased(_)
                | ShippingEvent::Shipped(_)
                | ShippingEvent::CancellationRejected(_)
                | ShippingEvent::LabelVoided(_)
                | ShippingEvent::LabelVoidFailed(_)
                | ShippingEvent::LabelVoidRequested(_)
                | ShippingEvent::ShipmentTracked(_)
                | ShippingEvent::Delivered(_)
                | ShippingEvent::ReturnedToSender(_)
                | ShippingEvent::TrackingCorrected(_)
                | ShippingEvent::ShipmentHeld(_)
                | ShippingEvent::ShipmentReleased(_)
                | ShippingEvent::StrayParcelSettled(_)
                | ShippingEvent::ShipmentDataErased(_) => ignored(&message.event),
            },
            Event::Catalog(_) => ignored(&message.event),
        }
    }
}

impl TakePayment {
    async fn compensate(&self, work: &Work<'_>, cause: RefundCause) -> Result<(), Failure> {
        self.append(work, |payment| payment.decide_compensation(cause)).await
    }

    async fn payment(&self, work: &Work<'_>) -> Result<Payment, Failure> {
        Ok(self.store.history::<Payment>(&work.stream).await?.state)
    }

    async fn append(
        &self,
        work: &Work<'_>,
        decide: impl Fn(&Payment) -> Result<Option<PaymentsEvent>, Failure> + Send + Sync,
    ) -> Result<(), Failure> {
        let cause = work.message.envelope.as_cause();
        append_decided(&*self.store, &work.stream, &cause, &*self.clock, decide).await?;
        Ok(())
    }
}
