//! Raises an alarm for each attention that an order newly gets.
//!
//! `CloudWatch` reads the alarm's metric from the log line below, so there is no call that could fail. The line names the order
//! and contains no personal data.

use events::{Attention, OrderId};

/// Writes one line for each newly raised attention. A duplicate only counts the metric twice.
pub(crate) fn report(order: &OrderId, raised: &[Attention]) {
    for attention in raised {
        // Level error, so that no `LogLevel` suppresses it.
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
