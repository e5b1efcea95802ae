//! What the dashboard shows of orders: their status changes, the time from placed to allocated, and the money.
//!
//! `CloudWatch` reads the metrics from log lines, so there is no call that could fail. Each is counted once, by the process that
//! recorded the fact; one that stops between the two loses the count, so these are measures and no books.

use crate::Order;
use events::{Because, Detail, OrderStatus};
use jiff::Timestamp;

/// Counts a fact that was just recorded. `before`: the status until then. `happened_at`: when its service recorded it.
pub(crate) fn report(
    order: &Order,
    before: OrderStatus,
    because: Because,
    detail: &Detail,
    happened_at: Timestamp,
) {
    let Some((placed, placed_at)) = order.placed() else { return };
    let status = Some(order.status()).filter(|status| *status != before);
    let took = happened_at.duration_since(placed_at).as_millis();
    let took = u64::try_from(took).ok().filter(|_| status == Some(OrderStatus::Allocated));
    let amount = |of| detail.amount.filter(|_| because == of).map(events::Amount::units);
    let (captured, refunded) = (amount(Because::OrderPaid), amount(Because::PaymentRefunded));
    tracing::info!(
        metrics =
            "Orders AllocationTime/Milliseconds by status; MoneyCaptured/None MoneyRefunded/None by currency",
        Orders = status.map(|_| 1_u64),
        status = status.map(OrderStatus::as_str),
        AllocationTime = took,
        MoneyCaptured = captured,
        MoneyRefunded = refunded,
        currency = captured.or(refunded).map(|_| placed.currency.as_str()),
    );
}

#[cfg(test)]
mod tests;
