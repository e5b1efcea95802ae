//! The status of an order, as a function of its facts.

use super::Facts;
use events::{Because, CancelCause, OrderStatus};

impl Facts {
    /// The status: the first branch below that applies. The furthest status comes first, so a new fact can only move the order
    /// to an earlier branch, never back.
    ///
    /// If the payment ended, its cause decides: `declined` gives `payment_failed`, `expired` gives `expired`,
    /// `cancelled` gives `cancelling` and then `cancelled`.
    pub fn status(&self) -> OrderStatus {
        if self.has(Because::ReturnReceived) {
            OrderStatus::Returned
        } else if self.has(Because::Delivered) {
            OrderStatus::Delivered
        } else if self.has(Because::Shipped) {
            OrderStatus::Shipped
        } else if self.has(Because::ShippingFailed) {
            OrderStatus::ShippingFailed
        } else if self.has(Because::OutOfStock) {
            OrderStatus::OutOfStock
        } else if self.payment_ended_by(CancelCause::Declined) {
            OrderStatus::PaymentFailed
        } else if self.payment_ended_by(CancelCause::Expired) {
            OrderStatus::Expired
        } else if self.has(Because::ShipmentCancelled) || self.payment_ended_by(CancelCause::Cancelled) {
            if self.is_cancellation_settled() { OrderStatus::Cancelled } else { OrderStatus::Cancelling }
        } else if self.has(Because::InventoryUpdated) {
            OrderStatus::Allocated
        } else if self.has(Because::OrderPaid) {
            OrderStatus::Paid
        } else if self.has(Because::PaymentActionRequired) {
            OrderStatus::PaymentActionRequired
        } else {
            OrderStatus::Placed
        }
    }

    /// A late capture also ends the payment: its event is a refund request, and the cause is the one for which payments was
    /// ending the payment when the money arrived.
    fn payment_ended_by(&self, cause: CancelCause) -> bool {
        let ended =
            self.late_capture || self.has(Because::PaymentCancelled) || self.has(Because::PaymentFailed);
        ended && self.cancel_causes.contains(&cause)
    }

    fn is_cancellation_settled(&self) -> bool {
        self.is_stock_settled() && self.is_money_settled() && self.is_label_settled()
    }

    /// The stock was released, or never allocated. A release of nothing (a tombstone) counts: inventory will allocate nothing.
    pub(super) fn is_stock_settled(&self) -> bool {
        self.has(Because::StockReleased) || self.has(Because::OutOfStock)
    }

    /// The payment ended before any money was captured, or everything captured has left us again.
    pub(super) fn is_money_settled(&self) -> bool {
        let ended_without_money =
            !self.late_capture && (self.has(Because::PaymentCancelled) || self.has(Because::PaymentFailed));
        ended_without_money || self.money.is_settled()
    }

    pub(super) fn is_label_settled(&self) -> bool {
        !self.has(Because::LabelPurchased) || self.has(Because::LabelVoided)
    }
}
