//! An order that somebody has to look at raises an alarm.
//!
//! The alarm is on a metric, and the metric is read out of the log line that is written here: it needs no call
//! of its own, which could fail. The line names the order and nothing personal.

use events::{Attention, OrderId};

/// Writes a line for each attention that an order newly gets. Twice for the same is harmless.
pub(crate) fn report(order: &OrderId, raised: &[Attention]) {
    for attention in raised {
        // An error, so that no log level leaves it out: a person has to act.
        tracing::error!(
            metric = "AttentionRaised",
            metric.by = "attention",
            attention = attention.as_str(),
            order.id = %order,
            "somebody has to look at this order"
        );
    }
}
