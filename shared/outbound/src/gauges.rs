//! What an operator reads from outside about work that waits: how many messages a queue holds, and the newest value of a metric.
//! Neither changes anything.

use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// The queue or the store of metrics did not answer, or refused the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GaugeError(pub String);

/// How many messages a queue holds, approximately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Messages that a consumer can receive.
    pub waiting: u64,
    /// Messages that a consumer has received, or that are delayed.
    pub hidden: u64,
}

/// A queue, by how full it is.
#[async_trait]
pub trait QueueGauge: Send + Sync {
    /// Counts the messages.
    async fn depth(&self) -> Result<Depth, GaugeError>;
}

/// A metric: its namespace, its name, and its dimensions with their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// For example `AWS/SQS`.
    pub namespace: &'static str,
    /// For example `ApproximateAgeOfOldestMessage`.
    pub name: &'static str,
    /// All of its dimensions.
    pub dimensions: Vec<(&'static str, String)>,
}

/// The greatest value that a metric had in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The beginning of the minute.
    pub at: Timestamp,
    /// The value, cut to a whole number, in the metric's own unit.
    pub value: u64,
}

/// The store of metrics.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// The newest reading of each metric, in their order; `None` if it has none between `now` and `back` before it. At most
    /// 500 metrics.
    async fn newest(
        &self,
        metrics: &[Metric],
        now: Timestamp,
        back: Duration,
    ) -> Result<Vec<Option<Reading>>, GaugeError>;
}
