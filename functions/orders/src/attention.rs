//! An attention that an order newly gets raises an alarm.
//!
//! The alarm watches a metric, and the platform reads the metric from the log line that is written here. That needs no call,
//! which could fail. The line names the order and contains nothing personal.

use events::{Attention, OrderId};

/// Writes one line for each newly raised attention. A duplicate line is harmless.
pub(crate) fn report(order: &OrderId, raised: &[Attention]) {
    for attention in raised {
        // At level error, so that no log level suppresses it: an operator must act.
        tracing::error!(
            metric = "AttentionRaised",
            metric.by = "attention",
            attention = attention.as_str(),
            order.id = %order,
            "an operator must look at this order"
        );
    }
}

#[cfg(test)]
mod tests;
